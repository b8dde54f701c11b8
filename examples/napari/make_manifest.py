"""Write the manifest of the plugin: a widget for the enhancer, and one for each operator."""

from __future__ import annotations

import json
from pathlib import Path

import diptych as dp

TARGET = Path(__file__).with_name("diptych_napari") / "napari.yaml"


def manifest() -> str:
    """Return the text of the manifest, in YAML that is JSON line by line."""
    titles = {"enhance": "Enhance"}
    for name in dp.operators.names():
        summary = dp.operators.declaration(name).documentation.split("\n")[0].rstrip(".")
        titles[name] = f"{name}: {summary}"
    lines = ["name: diptych-napari", "display_name: Diptych", "contributions:", "  commands:"]
    for name, title in titles.items():
        lines.append(f"    - id: diptych-napari.{name}")
        lines.append(f"      title: {json.dumps(title)}")
        lines.append(f"      python_name: diptych_napari:{name}")
    lines.append("  widgets:")
    for name, title in titles.items():
        lines.append(f"    - command: diptych-napari.{name}")
        lines.append(f"      display_name: {json.dumps(title)}")
        lines.append("      autogenerate: true")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    TARGET.write_text(manifest(), encoding="utf-8")
