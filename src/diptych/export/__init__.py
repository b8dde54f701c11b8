"""From a trained generator to files that are deployed: ONNX, INT8, TensorRT, TVM, a look-up table; proven and measured.

A target is a file in this folder and a row in the table of `diptych.export.targets`. `verify` builds several, measures them on
the machine and the pictures at hand, and says which to keep. ``docs/deploy.md`` is the guide.
"""

from __future__ import annotations

from diptych.export.errors import ExportError, UnavailableError
from diptych.export.pictures import read_pairs, read_pictures
from diptych.export.source import read_source
from diptych.export.targets import Artefact, Request, build, check, names, suffix_of, write
from diptych.export.verify import Row, Verification, verify

__all__ = [
    "Artefact",
    "ExportError",
    "Request",
    "Row",
    "UnavailableError",
    "Verification",
    "build",
    "check",
    "names",
    "read_pairs",
    "read_pictures",
    "read_source",
    "suffix_of",
    "verify",
    "write",
]
