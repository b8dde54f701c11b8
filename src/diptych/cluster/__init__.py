"""Many pictures on many machines, with Dask: a folder or a bucket in, one out, and a manifest of what became of each picture.

Importing this package loads neither Dask nor fsspec.
"""

from __future__ import annotations

from diptych.cluster.job import JobSpec, Outcome, Run
from diptych.cluster.run import enhance_folder

__all__ = ["JobSpec", "Outcome", "Run", "enhance_folder"]
