"""The page: a few static files, read once; no request is ever turned into a path."""

from __future__ import annotations

from importlib import resources

from diptych.pages import asset

_SCRIPTS = (
    "catalogue", "controls", "dictionary", "docs", "edits", "histogram", "language", "main", "panel", "pictures", "presets",
    "preview", "service", "state", "status", "viewer", "wishes", "words",
)  # fmt: skip
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/page/style.css": ("style.css", "text/css; charset=utf-8"),
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
    **{f"/page/{name}.js": (f"{name}.js", "text/javascript; charset=utf-8") for name in _SCRIPTS},
    **{f"/page/{name}.jpg": (f"{name}.jpg", "image/jpeg") for name in ("room", "fog")},
}
_SHARED = {
    "/page/base.css": ("base.css", "text/css; charset=utf-8"),
    "/page/slider.css": ("slider.css", "text/css; charset=utf-8"),
    "/page/slider.js": ("slider.js", "text/javascript; charset=utf-8"),
}


def files() -> dict[str, tuple[bytes, str]]:
    """Return content and media type by address."""
    folder = resources.files(__package__)
    own = {path: ((folder / name).read_bytes(), media_type) for path, (name, media_type) in _FILES.items()}
    sample = (resources.files("diptych") / "cli" / "data" / "forest.jpg").read_bytes()
    own["/page/forest.jpg"] = (sample, "image/jpeg")
    return own | {path: (asset(name).encode(), media_type) for path, (name, media_type) in _SHARED.items()}
