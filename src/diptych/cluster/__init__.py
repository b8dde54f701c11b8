"""Many pictures on many machines, with Dask: a folder or a bucket in, one out, and a manifest of what became of each picture.

Importing this package loads neither Dask nor fsspec.
"""

from __future__ import annotations

from diptych.cluster.order import Order
from diptych.cluster.running import Outcome, Run, enhance_folder

__all__ = ["Order", "Outcome", "Run", "enhance_folder"]
