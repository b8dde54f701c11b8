"""The error of this room."""

from __future__ import annotations

from diptych.core.errors import DiptychError


class ExportError(DiptychError, ValueError):
    """A model cannot be exported as asked; nothing was written."""


class UnavailableError(ExportError):
    """A target needs something that this machine lacks; the message says what, and how to get it."""
