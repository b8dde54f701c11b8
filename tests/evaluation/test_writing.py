"""The report as JSON, Markdown and HTML; names of files are text and nothing else."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

import diptych as dp
from diptych.core.errors import UnknownNameError
from diptych.evaluation import evaluate
from evaluation_helpers import brightness, difference, gain, scene

EVIL = "<img src=x onerror=alert(1)>&\"'`|*_${title}"


@pytest.fixture
def report(folders):
    low, high = folders
    return evaluate({"input": None, "gain": gain(4)}, low, references=high, metrics=[difference, "psnr"], gallery=8)


@pytest.fixture
def evil(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        dp.write(tmp_path / name / f"{EVIL}.png", scene())
    dp.write(tmp_path / "a" / f"{EVIL}2.png", scene())
    (tmp_path / "a" / f"{EVIL}3.png").write_bytes(b"")
    (tmp_path / "b" / f"{EVIL}3.png").write_bytes(b"")
    enhancers = {EVIL: gain(2, name=EVIL), "input": None}
    return evaluate(enhancers, tmp_path / "a", references=tmp_path / "b", metrics=[difference, brightness], gallery=2)


def test_json_holds_everything(report):
    facts = json.loads(report.to_json())
    assert facts["format"] == 1
    assert [one["key"] for one in facts["columns"]] == ["difference", "psnr", "psnr_mean_matched"]
    assert facts["columns"][0]["unit"] == "levels"
    entry = facts["candidates"][1]
    assert entry["scores"]["psnr"]["mean"] == report.summary("gain", "psnr").mean
    assert entry["scores"]["psnr"]["low"] < entry["scores"]["psnr"]["high"]
    assert [one["image"] for one in facts["images"]] == list(report.images)
    assert facts["images"][0]["values"]["gain"]["psnr"] == report.rows[1].values["psnr"]
    assert len(facts["verdicts"]) == 3
    assert len(facts["provenance"]["files"]) == 16


def test_markdown_is_tables(report):
    lines = report.to_markdown().splitlines()
    rows = [line for line in lines if line.startswith("| gain")]
    assert len(rows) == 1
    head = next(line for line in lines if line.startswith("|  | images"))
    assert rows[0].count("|") == head.count("|")
    assert "psnr dB ↑" in head
    assert "difference levels ↓" in head
    assert any("gain is better than input by" in line for line in lines)


def test_markdown_keeps_names_as_text(evil):
    text = evil.to_markdown()
    assert "<img" not in text
    rows = [line for line in text.splitlines() if line.startswith("| &lt;img")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5, 6}


class Tags(HTMLParser):
    """Collects tags, attributes and the text of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.stack: list[str] = []
        self.unclosed: list[str] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "line", "circle", "path", "br"):
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.unclosed.append(tag)

    def handle_data(self, data):
        if self.stack:
            self.texts[self.stack[-1]] = self.texts.get(self.stack[-1], "") + data


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    return tags


@pytest.mark.parametrize("which", ["report", "evil"])
def test_the_page_needs_nothing_from_outside(which, request):
    tags = parsed(request.getfixturevalue(which).to_html())
    assert not tags.unclosed
    assert not tags.stack
    for tag, attributes in tags.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        for name in ("src", "href", "srcset", "action", "data"):
            assert attributes.get(name, "#").startswith(("data:", "#")), (tag, attributes)


def test_names_of_files_stay_text(evil):
    tags = parsed(evil.to_html())
    assert [tag for tag, _ in tags.tags].count("script") == 1
    assert all(attributes["src"].startswith("data:image/webp;base64,") for tag, attributes in tags.tags if tag == "img")
    assert EVIL in tags.texts["h3"]
    assert EVIL in tags.texts["h1"]
    assert {EVIL, "input", "reference"} <= {attributes["value"] for tag, attributes in tags.tags if tag == "option"}


def test_the_page_runs_its_own_script_only(report):
    page = report.to_html()
    policy = next(a["content"] for t, a in parsed(page).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        text = re.search(f"<{tag}\\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_control_has_a_label_and_every_picture_a_text(report):
    tags = parsed(report.to_html())
    for tag, attributes in tags.tags:
        if tag == "img":
            assert attributes["alt"]
        if attributes.get("role") == "slider":
            assert attributes["aria-label"]
            assert attributes["tabindex"] == "0"
    identifiers = [attributes["id"] for _, attributes in tags.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_a_report_without_pictures_is_a_page_too(folders):
    page = evaluate({"input": None}, folders[0], metrics=[brightness]).to_html()
    assert "<article" not in page
    assert "Every image" in page


def test_an_unknown_summary_is_refused(report):
    with pytest.raises(UnknownNameError, match="did you mean 'gain, psnr'"):
        report.summary("gain", "psnrr")


def rows_of(page: str, section: str) -> list[str]:
    """Return the text of the table rows of a section, cells separated by a blank."""
    text = page.split(f'<section id="{section}">')[1].split("</section>", maxsplit=1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


def test_the_page_has_the_numbers_of_the_report(report):
    page = report.to_html()
    scores, images = rows_of(page, "scores"), rows_of(page, "images")
    assert len(scores) == 1 + len(report.candidates)
    mean, decimals = report.summary("gain", "psnr").mean, report.decimals("psnr")
    assert scores[2].startswith("gain 8 ")
    assert f"{mean:.{decimals}f}" in scores[2]
    assert len(images) == 1 + len(report.rows)
    assert images[1].startswith(f"{report.images[0]} input ")
    assert page.count('class="whisker"') == len(report.candidates) * len(report.columns)


def test_sections_are_there_if_they_have_something_to_say(report, evil):
    def titles(page):
        return re.findall(r"<h2>(.*?)</h2>", page)

    assert titles(report.to_html()) == [
        *("Scores", "Verdicts", "Pictures, the worst first", "Every image", "Provenance"),
    ]
    assert "Problems" in titles(evil.to_html())
    links = re.findall(r'<a href="#(\w+)">', evil.to_html())
    assert links == re.findall(r'<section id="(\w+)">', evil.to_html())


def test_a_long_table_is_folded(report):
    many = tuple(dataclasses.replace(report.rows[0], image=f"image {index}") for index in range(61))
    folded = dataclasses.replace(report, rows=many, exhibits=())
    assert "<summary>61 rows</summary>" in folded.to_html()
    assert "rows</summary>" not in report.to_html()
