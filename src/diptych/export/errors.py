"""The error of this room."""

from __future__ import annotations

from diptych.core.errors import DiptychError


class ExportError(DiptychError, ValueError):
    """A model cannot be exported as asked; nothing was written."""


class UnavailableError(ExportError):
    """What a target needs is not on this machine; the message says what, and how to get it."""
