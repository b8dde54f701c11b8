"""Notebooks as Markdown: cells, what they printed, and the pictures that they showed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

_DOWNLOAD = {"en": "The notebook, to run and change", "zh": "可以运行和修改的笔记本"}
_SUFFIXES = {"image/png": "png", "image/jpeg": "jpg"}


def markdown(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """Return the page of a notebook, and the pictures on it by their names."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    pictures: dict[str, bytes] = {}
    parts = []
    for cell in cells:
        text = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
        elif text:
            parts.append(
                f"```{'sh' if text.startswith('%%bash') else 'python'}\n{text.removeprefix('%%bash').strip()}\n```"
            )
            parts += [_output(one, notebook.stem, pictures) for one in cell["outputs"]]
    parts.insert(1, f"[{_DOWNLOAD.get(notebook.parents[1].name, _DOWNLOAD['en'])}]({notebook.name})")
    return "\n\n".join(filter(None, parts)) + "\n", pictures


def _output(output: dict[str, Any], stem: str, pictures: dict[str, bytes]) -> str:
    data = output.get("data", {})
    for kind, suffix in _SUFFIXES.items():
        if kind in data:
            name = f"{stem}_{len(pictures) + 1}.{suffix}"
            pictures[name] = base64.b64decode(_text(data[kind]))
            return f"![What the cell above shows]({name})"
    if "text/markdown" in data:
        return _text(data["text/markdown"])
    text = _text(output.get("text", data.get("text/plain", ""))).strip("\n")
    return f"```text\n{text}\n```" if text else ""


def _text(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
