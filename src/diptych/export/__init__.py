"""Deployment of trained generators: ONNX, INT8, TensorRT, TVM and look-up tables, compared with PyTorch and measured.

A target is a file in this folder and a row in the table of `diptych.export.targets`. `verify` builds several targets, measures
them on this machine with the user's pictures, and selects one. ``docs/deploy.md`` is the guide.
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
