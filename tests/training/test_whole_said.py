"""A training says which steps `export --whole` cannot put into a file, and not only the export."""

from __future__ import annotations

import json

from diptych.cli.train import _say_outside
from diptych.recipes import Recipe, step


def test_steps_outside_a_graph_are_said(capsys, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"preprocess": Recipe(step("denoise_photo")).to_toml()}))
    _say_outside(str(tmp_path), {"event": "begin"})
    _say_outside(str(tmp_path), {"event": "end", "postprocess": ["stretch low=1", "denoise_nlm strength=0.1"]})
    _say_outside(str(tmp_path), {"event": "end", "postprocess": ["stretch low=1"]})
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("before the network comes denoise_photo:")
    assert first.endswith("--set denoise=0 trains without it")
    assert second.startswith("after the network comes denoise_nlm:")
