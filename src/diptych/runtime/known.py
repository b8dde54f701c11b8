"""Models in the package: checked when they were put there, so that opening them loads nothing of the package ``onnx``."""

from __future__ import annotations

import functools
import hashlib
import json
from importlib import resources
from typing import Any

from diptych.runtime.metadata import BundleMetadata

TABLE = "checked.json"
"""Name of the file beside the models: the length and the metadata of each by its SHA-256. ``docs/make_models.py`` writes it."""


def known_metadata(model: bytes) -> BundleMetadata | None:
    """Return what a model of the package says of itself; None for any other, and for one of them that has been changed."""
    table = _table()
    if len(model) not in {one["bytes"] for one in table.values()}:
        return None
    found = table.get(hashlib.sha256(model).hexdigest())
    return None if found is None else BundleMetadata.from_json(json.dumps(found["metadata"]), source="model")


@functools.cache
def _table() -> dict[str, Any]:
    file = resources.files("diptych") / "models" / TABLE
    return dict(json.loads(file.read_text("utf-8"))) if file.is_file() else {}
