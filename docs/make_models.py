"""Checks the models in the package and writes what they say of themselves to src/diptych/models/checked.json.

python docs/make_models.py         # tests/runtime/test_bundle.py compares the file with what this makes
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from diptych.runtime.bundle import check_bundle
from diptych.runtime.known import TABLE

MODELS = Path(__file__).parent.parent / "src" / "diptych" / "models"


def table() -> str:
    """Return the content of the file."""
    made = {}
    for path in sorted(MODELS.glob("*.onnx")):
        model = path.read_bytes()
        metadata = check_bundle(model, source=path.name).metadata
        made[hashlib.sha256(model).hexdigest()] = {"bytes": len(model), "metadata": json.loads(metadata.to_json())}
    return json.dumps(made, indent=1) + "\n"


if __name__ == "__main__":
    (MODELS / TABLE).write_text(table(), "utf-8")
