"""torch on one thread: the same sums everywhere, and no fight with the other tests for cores."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_THREADS", "1")
        yield
    torch.set_num_threads(before)
