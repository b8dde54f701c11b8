"""The manifest: appended to, readable after any kill, and the truth about what is done."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from diptych.cluster.manifest import Manifest, Record
from diptych.core.errors import ParameterError

STARTED = Record("a.png", "a.png", "10 1", "work", "started")


def test_what_is_done_is_remembered(tmp_path):
    with Manifest(tmp_path / "m.jsonl") as manifest:
        manifest.add(STARTED)
        manifest.add(replace(STARTED, status="done", hash="0" * 64, seconds=1.5))
        manifest.add(replace(STARTED, input="b.png"))
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [line["status"] for line in lines] == ["started", "done", "started"]
    assert {"input", "hash", "output", "status", "reason", "seconds"} <= set(lines[1])
    with Manifest(tmp_path / "m.jsonl") as manifest:
        assert manifest.is_done("a.png", "10 1", "work")
        assert not manifest.is_done("a.png", "11 1", "work")
        assert not manifest.is_done("a.png", "10 1", "other work")
        assert manifest.was_started("b.png", "10 1", "work")
        assert not manifest.is_done("b.png", "10 1", "work")


def test_the_last_line_about_a_picture_counts(tmp_path):
    with Manifest(tmp_path / "m.jsonl") as manifest:
        manifest.add(replace(STARTED, status="done"))
        manifest.add(replace(STARTED, status="failed", reason="no"))
        manifest.add(replace(STARTED, input="b.png"))
        manifest.add(replace(STARTED, input="b.png", status="refused"))
    with Manifest(tmp_path / "m.jsonl") as manifest:
        assert not manifest.is_done("a.png", "10 1", "work")
        assert manifest.was_started("a.png", "10 1", "work")
        assert not manifest.was_started("b.png", "10 1", "work")


def test_a_line_cut_off_anywhere_costs_that_line_only(tmp_path):
    with Manifest(tmp_path / "m.jsonl") as manifest:
        manifest.add(replace(STARTED, status="done"))
        manifest.add(replace(STARTED, input="ü\n😀.png", status="done"))
    whole = (tmp_path / "m.jsonl").read_bytes()
    first = whole.index(b"\n") + 1
    for length in range(first, len(whole)):
        (tmp_path / "m.jsonl").write_bytes(whole[:length])
        with Manifest(tmp_path / "m.jsonl") as manifest:
            assert manifest.is_done("a.png", "10 1", "work")
            manifest.add(replace(STARTED, input="c.png", status="done"))
        with Manifest(tmp_path / "m.jsonl") as manifest:
            assert manifest.is_done("c.png", "10 1", "work"), length
            assert manifest.is_done("ü\n😀.png", "10 1", "work") == (length == len(whole) - 1)


def test_foreign_lines_are_left_out(tmp_path):
    (tmp_path / "m.jsonl").write_bytes(b'[]\n{"input": 3}\n\xff\xfe\n"x"\n' + b"{" * 2000 + b"\n")
    with Manifest(tmp_path / "m.jsonl") as manifest:
        assert not manifest.was_started("a.png", "10 1", "work")


def test_one_run_at_a_time(tmp_path):
    with Manifest(tmp_path / "m.jsonl"), pytest.raises(ParameterError, match="another run"):
        Manifest(tmp_path / "m.jsonl")
    Manifest(tmp_path / "m.jsonl").close()
    with pytest.raises(ParameterError, match="another manifest"):
        Manifest(tmp_path / "missing" / "m.jsonl")
