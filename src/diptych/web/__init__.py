"""The service: enhancement over HTTP, and a page for people. Needs the extra ``web``.

`diptych.web.app.create_app` makes the ASGI application and `diptych.web.serving.serve` runs it; `Settings` says what a request
may ask for. Nothing of FastAPI is imported before one of the first two is.
"""

from __future__ import annotations

from diptych.web.settings import Settings

__all__ = ["Settings"]
