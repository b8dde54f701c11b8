"""Pages of what was measured: result files as they are, those without words as tables, and the cards of the models."""

from __future__ import annotations

import hashlib
import json
import math
import posixpath
import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
EXPLAINED = {"hybrid": "why"}
"""Pages that say what results mean, where their names differ."""

ONE_ROW = 6
"""Most numbers that are listed in a cell."""

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)\s]+)\)")


def files() -> dict[str, str]:
    """Return the result files that are pages as they are, and their places in the site; those by hand stand in RESULTS.md."""
    return {"benchmarks/RESULTS.md": "reference/benchmarks.md"} | {
        path.relative_to(ROOT).as_posix(): f"reference/{path.relative_to(BENCHMARKS).as_posix()}"
        for path in sorted((BENCHMARKS / "results").rglob("*.md"))
        if path.parent.name != "by_hand"
    }


def data() -> dict[str, str]:
    """Return the result files without words, of which pages are made, and the places of these."""
    return {
        path.relative_to(ROOT).as_posix(): f"reference/{path.relative_to(BENCHMARKS).with_suffix('.md').as_posix()}"
        for path in sorted((BENCHMARKS / "results").rglob("*.json"))
        if path.parent.name != "by_hand" and not path.with_suffix(".md").exists()
    }


def pages() -> dict[str, str]:
    """Return places in the site and Markdown of the results and the cards."""
    found = {place: (ROOT / file).read_text("utf-8") for file, place in files().items()}
    return found | {place: _of_data(ROOT / file) for file, place in data().items()} | {"reference/models.md": cards()}


def navigation(without: Set[str] = frozenset()) -> list[dict[str, str]]:
    """Return titles and places for the navigation: the summary, the models, and each file of results but those named."""
    first = {"reference/benchmarks.md": "Benchmarks", "reference/models.md": "Model cards"}
    rest = {place: _title(place) for place in pages() if place not in first and place not in without}
    return [{title: place} for place, title in (first | rest).items()]


def _title(place: str) -> str:
    *folders, name = place.removeprefix("reference/results/").removesuffix(".md").split("/")
    words = [one.upper() if one == "gpu" else one.replace("_", " ") for one in folders] + [name.replace("_", " ")]
    text = ", ".join(words)
    return text[0].upper() + text[1:]


def pictures(file: str) -> dict[str, tuple[str, Path]]:
    """Return the pictures of a result file by how it names them: their places in the site, and where they are."""
    place, found = files()[file], {}
    for _, target in _PICTURE.findall((ROOT / file).read_text("utf-8")):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file), target))
        inside = path.startswith("docs/")
        at = path.removeprefix("docs/") if inside else f"reference/measured/{path.removeprefix('benchmarks/')}"
        found[target] = (posixpath.relpath(at, posixpath.dirname(place)), ROOT / path)
    return found


def with_pictures(markdown: str, file: str) -> str:
    """Return the text of a result file with its pictures where the site has them."""
    places = pictures(file)
    return _PICTURE.sub(lambda one: f"![{one[1]}]({places[one[2]][0] if one[2] in places else one[2]})", markdown)


def _of_data(path: Path) -> str:
    place = path.relative_to(ROOT).as_posix()
    name = path.stem.replace("_", " ")
    script, page = BENCHMARKS / f"{path.stem}.py", ROOT / "docs" / f"{EXPLAINED.get(path.stem, path.stem)}.md"
    of = f" of `{script.relative_to(ROOT).as_posix()}`" if script.exists() else ""
    told = [f"The file `{place}`{of}; three numbers are a mean and its 95 % interval."]
    told += [f"What it says: [{page.stem}](../../{page.name})."] if page.exists() else []
    head = f"# {name[0].upper()}{name[1:]}"
    return "\n\n".join([head, " ".join(told), tables(json.loads(path.read_text("utf-8")))]) + "\n"


def tables(data: Any, level: int = 2) -> str:
    """Return plain data as Markdown: a table where it has rows and columns, headings above those."""
    if isinstance(data, list) and data and all(isinstance(one, dict) for one in data):
        return _table({str(number): one for number, one in enumerate(data, 1)})
    if not isinstance(data, Mapping):
        return shown(data)
    plain = {key: value for key, value in data.items() if _is_cell(value)}
    deep = {key: value for key, value in data.items() if key not in plain}
    parts = [_pairs(plain)] if plain else []
    if len(deep) > 1 and all(isinstance(one, Mapping) and _flat(one) for one in deep.values()) and _alike(deep):
        return "\n\n".join([*parts, _table(deep)])
    for key, value in deep.items():
        parts += [f"{'#' * min(level, 6)} {_word(key)}", tables(value, level + 1)]
    return "\n\n".join(parts)


def _alike(rows: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether rows share columns, so that a table of them is not mostly empty."""
    columns = {column for one in rows.values() for column in one}
    return sum(len(one) for one in rows.values()) * 2 >= len(columns) * len(rows)


def _flat(data: Mapping[str, Any]) -> bool:
    return all(_is_cell(value) for value in data.values())


def _is_cell(value: Any) -> bool:
    return not isinstance(value, Mapping) and (
        not isinstance(value, list)
        or (len(value) <= ONE_ROW and not any(isinstance(one, list | dict) for one in value))
    )


def _table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for one in rows.values() for column in one))
    lines = ["| | " + " | ".join(map(_word, columns)) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, one in rows.items():
        lines.append(f"| {_word(name)} | " + " | ".join(shown(one.get(column, "")) for column in columns) + " |")
    return "\n".join(lines)


def _pairs(data: Mapping[str, Any]) -> str:
    return "\n".join(f"- {_word(key)}: {shown(value)}" for key, value in data.items())


def _word(text: Any) -> str:
    return re.sub(r"([*_<\[\]|])", r"\\\1", str(text))


def shown(value: Any) -> str:
    """Return a value as the text of a cell: a mean with its interval, a list, a number, or words."""
    if isinstance(value, list | tuple) and len(value) > ONE_ROW:
        return f"{len(value)} values"
    if isinstance(value, list | tuple):
        if len(value) == 3 and all(isinstance(one, int | float) for one in value) and value[1] <= value[0] <= value[2]:
            digits = max(len(str(one).partition(".")[2]) for one in value)
            return f"{value[0]:.{digits}f} [{value[1]:.{digits}f}, {value[2]:.{digits}f}]"
        return ", ".join(map(shown, value))
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    return _word("" if value is None else value)


def cards() -> str:
    """Return the cards of the models in the package, from what their files say."""
    from diptych.runtime import default_model
    from diptych.runtime.default import PACKAGED_MODELS

    parts = ["# Model cards", "The models in the package, as their files say; `diptych show NAME` prints the same."]
    return "\n\n".join([*parts, *(card(default_model(name)) for name in PACKAGED_MODELS)]) + "\n"


def card(path: Path) -> str:
    """Return the card of a bundle: what it is, what it learned from, its scores, and where it was measured."""
    from diptych.runtime import read_bundle

    bundle = read_bundle(path)
    metadata = bundle.metadata
    facts = {
        "kind": metadata.kind,
        "channels": f"{metadata.channels_in} in, {metadata.channels_out} out",
        "weights computed in": metadata.precision,
        "writes": ", ".join(metadata.outputs),
        "multiple of, px": metadata.multiple,
        "sees, px around": metadata.receptive_field_radius,
        "file": f"{path.stat().st_size / 1e6:.2f} MB, format {metadata.format}",
        "SHA-256": f"`{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}`…",
        "licence": metadata.licence,
    }
    parts = [
        f"## {metadata.name}",
        _word(metadata.summary),
        _pairs({key: one for key, one in facts.items() if one not in ("", 0)}),
    ]
    for title, data in (
        ("Network", metadata.generator),
        ("Learned from", metadata.provenance),
        ("Scores in the file", metadata.scores),
    ):
        if data:
            parts += [f"### {title}: {metadata.name}", tables(dict(data), 4)]
    return "\n\n".join([*parts, _further(metadata.name)])


def _further(name: str) -> str:
    """Return links to what was measured with a model, and to its page of explanation."""
    links = []
    if (BENCHMARKS / "results" / f"{name}.json").exists():
        links.append(f"[measured](results/{name}.md)")
    if (ROOT / "docs" / f"{name}.md").exists():
        links.append(f"[what it does, and what still goes wrong](../{name}.md)")
    return f"More: {', '.join(links)}." if links else ""
