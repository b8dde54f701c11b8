"""torch on one thread: the same sums everywhere, and no fight with the other tests for cores."""

from __future__ import annotations

import pytest
import torch

from training_helpers import write_folders


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_THREADS", "1")
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return two folders of eight small pictures: source and target."""
    return write_folders(tmp_path_factory.mktemp("toy"), count=8, side=40)
