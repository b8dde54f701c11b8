"""A cluster in this process, and folders of pictures."""

from __future__ import annotations

import numpy as np
import pytest

import diptych as dp
from cluster_helpers import job_of
from diptych.recipes import Recipe, step


@pytest.fixture(scope="package")
def client():
    """Return a client of a cluster of two workers that are threads of this process."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def job():
    """Return a quick job."""
    return job_of(Recipe(step("gamma", gamma=0.5)))


@pytest.fixture
def folder(tmp_path):
    """Return a function that makes a folder with so many pictures, a third of them in a subfolder."""

    def make(count: int = 9, shape: tuple[int, ...] = (40, 60, 3)):
        made = tmp_path / "in"
        (made / "sub").mkdir(parents=True)
        rng = np.random.default_rng(3)
        for index in range(count):
            inside = made / "sub" if index % 3 == 0 else made
            suffix = ("png", "jpg", "tif")[index % 3]
            dp.write(inside / f"{index:03}.{suffix}", rng.integers(0, 90, shape).astype(np.uint8))
        (made / "notes.txt").write_text("not a picture")
        (made / ".hidden.png").write_bytes(b"")
        return made

    return make
