"""Where compiled kernels are kept."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RUN = """
import os, sys
writable, real = sys.argv[1], os.access
os.access = lambda path, mode, **given: (writable in str(path) if mode & os.W_OK else real(path, mode, **given))
from diptych.core.kernels import KERNEL
print(KERNEL["cache"])
"""


@pytest.mark.skipif(os.name == "nt", reason="os.access tells nothing of folders there")
@pytest.mark.parametrize(
    ("writable", "environment", "kept"),
    [
        ("nowhere", {}, False),
        ("nowhere", {"NUMBA_CACHE_DIR": "/tmp/there"}, True),
        ("", {}, True),
        ("diptych", {}, True),
    ],
)
def test_kernels_are_kept_where_there_is_a_place(writable, environment, kept):
    given = {name: value for name, value in os.environ.items() if name not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    found = subprocess.run(
        [sys.executable, "-c", RUN, writable], env=given | environment, check=True, capture_output=True, text=True
    )
    assert found.stdout.strip() == str(kept)
