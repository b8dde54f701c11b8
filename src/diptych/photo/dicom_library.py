"""pydicom, if it is there."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from diptych.core.errors import MissingExtraError


def library() -> Any:
    """Return pydicom; MissingExtraError without it."""
    try:
        import pydicom
    except ImportError:
        raise MissingExtraError("DICOM needs pydicom; pip install 'diptych[dicom]'") from None
    return pydicom


@contextmanager
def lenient() -> Iterator[Any]:
    """Let pydicom accept values that break the standard, without warnings; yields it."""
    pydicom = library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pydicom
