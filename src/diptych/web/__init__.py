"""The service: enhancement over HTTP, with a web page. Needs the extra ``web``.

`diptych.web.app.create_app` makes the ASGI application, `diptych.web.server.serve` runs it, and `Settings` sets the limits.
This module imports nothing of FastAPI.
"""

from __future__ import annotations

from diptych.web.settings import Settings

__all__ = ["Settings"]
