"""``diptych enhance --cluster``: what it refuses, and what it says; the rest is in `test_kill.py`."""

from __future__ import annotations

import contextlib
import json
import sys

import pytest

from diptych.cli.app import main
from diptych.cli.cluster import default_manifest
from diptych.cluster.connection import connected
from diptych.core.errors import ParameterError


@pytest.fixture
def cli(capsys, client, monkeypatch):
    """Return a function that runs a command on the cluster in this process."""
    monkeypatch.setattr("diptych.cluster.connection.connected", lambda _: contextlib.nullcontext(client))

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["enhance", *[str(one) for one in arguments]])
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, captured.err

    return run


GAMMA = ["--cluster", "local:2", "--op", "gamma", "gamma=0.5"]


def test_what_it_says(cli, folder, tmp_path):
    made = folder(4)
    (made / "bad.png").write_bytes(b"nonsense")
    code, out, err = cli(made, "-o", tmp_path / "out", *GAMMA)
    assert (code, out) == (1, "")
    assert "1 other file left out" in err
    assert "[5]" in err
    assert "1 failed; a second run tries them again" in err
    assert (tmp_path / "out" / "manifest.jsonl").exists()
    (made / "bad.png").unlink()
    code, out, err = cli(made, "-o", tmp_path / "out", "--json", *GAMMA)
    assert (code, err) == (0, "")
    assert [outcome["status"] for outcome in json.loads(out)] == ["skipped"] * 4


def test_what_an_operator_refuses_names_the_file(cli, folder, tmp_path):
    made = folder(1)
    code, _, err = cli(made, "-o", tmp_path / "out", "--cluster", "local:2", "--op", "match_histogram")
    assert code == 1
    assert f"failed: {made}/sub/000.png: match_histogram: give either" in err


def test_calls_that_cannot_work(cli, folder, tmp_path):
    made = folder(1)
    for arguments, words in (
        ([made, *GAMMA], "one folder"),
        ([made, made, "-o", tmp_path / "out", *GAMMA], "one folder"),
        ([made, "-o", tmp_path / "out", "--large", *GAMMA], "--large"),
        ([made, "-o", tmp_path / "out", "--cluster", "local:2", "--model", "no.onnx"], "no.onnx"),
    ):
        code, _, err = cli(*arguments)
        assert code == 2
        assert words in err


def test_without_dask_nothing_is_left(capsys, folder, tmp_path, monkeypatch):
    made = folder(1)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SystemExit) as caught:
        main(["enhance", str(made), "-o", str(tmp_path / "out"), *GAMMA])
    assert caught.value.code == 2
    assert "diptych[cluster]" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_manifest_for_a_url_lies_here():
    assert default_manifest("s3://bucket/out").parent.name == ""
    assert default_manifest("s3://bucket/out") != default_manifest("s3://bucket/out2")


def test_clusters_that_are_none():
    for cluster in ("local:0", "local:x", "local", "here:1", "8786"):
        with pytest.raises(ParameterError, match="the cluster"), connected(cluster):
            pass


def test_no_scheduler_is_one_line(monkeypatch):
    import distributed

    def refuse(*_, **__):
        raise OSError("Timed out trying\n to connect")

    monkeypatch.setattr(distributed, "Client", refuse)
    with pytest.raises(ParameterError, match="no scheduler answers"), connected("tcp://127.0.0.1:1"):
        pass
