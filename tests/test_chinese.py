"""The pages in Chinese are in step with those in English: the same code, pictures, numbers and links, all commands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from diptych.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
GUIDES = ("low_light", "two_folders", "choosing", "python", "deploy", "why")
"""Guides and explanations that a reader needs first."""
PAIRS = [
    ("README.md", "README.zh-CN.md"),
    ("docs/index.md", "docs/zh/index.md"),
    *((f"docs/{name}.md", f"docs/zh/{name}.md") for name in GUIDES),
]
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def numbers(text: str) -> list[str]:
    """Return the numbers with a point, in their order; links are no numbers."""
    return re.findall(r"\d+\.\d+", re.sub(r"\]\([^)]*\)", "]", FENCE.sub("", text)))


@pytest.mark.parametrize(("english", "chinese"), PAIRS)
def test_pages_have_the_same_code_and_numbers(english, chinese):
    one, other = read(english), read(chinese)
    assert FENCE.findall(one) == FENCE.findall(other)
    assert sorted(numbers(one)) == sorted(numbers(other))
    assert len(re.findall(r"^#+ ", one, re.MULTILINE)) == len(re.findall(r"^#+ ", other, re.MULTILINE))
    assert len(re.findall(r"^\|", one, re.MULTILINE)) == len(re.findall(r"^\|", other, re.MULTILINE))
    assert len(re.findall(r"!\[", one)) == len(re.findall(r"!\[", other))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "zh" / "tutorials").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_tutorials_have_the_same_cells(path):
    chinese, english = (
        json.loads(one.read_text("utf-8"))["cells"] for one in (path, ROOT / "docs" / "tutorials" / path.name)
    )
    assert [cell["cell_type"] for cell in chinese] == [cell["cell_type"] for cell in english]
    for one, other in zip(chinese, english, strict=True):
        if one["cell_type"] == "code":
            assert one["source"] == other["source"]


def test_every_command_is_in_the_summary():
    listed = re.findall(r"^\| `([\w-]+)` \|", read("docs/zh/commands.md").partition("\n## ")[0], re.MULTILINE)
    assert sorted(listed) == sorted(typer.main.get_command(app).commands)


def test_the_commands_of_the_summary_are_those_of_the_guide():
    assert set(FENCE.findall(read("docs/zh/commands.md"))) <= set(FENCE.findall(read("docs/command_line.md")))
