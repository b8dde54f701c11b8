"""The page: a few static files, read once; no request is ever turned into a path."""

from __future__ import annotations

from importlib import resources

_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/page/style.css": ("style.css", "text/css; charset=utf-8"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
    **{
        f"/page/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8")
        for name in ("main", "compare", "controls", "service", "words", "docs")
    },
}


def files() -> dict[str, tuple[bytes, str]]:
    """Return content and media type by address."""
    folder = resources.files(__package__)
    return {path: ((folder / name).read_bytes(), media_type) for path, (name, media_type) in _FILES.items()}
