"""Pages are one file each, escape what they are given, and run only what they bring."""

from __future__ import annotations

import base64
import hashlib
import re

import jinja2
import pytest

from diptych.pages import asset, render

RUN = {
    "name": "evening",
    "lead": "Not finished.",
    "sheet": b"PNG",
    "sheet_caption": "input, output",
    "curves": [],
    "header": ["step", "score"],
    "rows": [{"best": True, "cells": ["100", "0.5"]}, {"best": False, "cells": ["200", "0.6"]}],
    "alarms": [],
    "settings": "steps = 200",
}


def test_values_are_escaped_wherever_they_stand():
    evil = "</title><script>alert(1)</script>\"'&"
    page = render("run.html", RUN | {"name": evil, "settings": evil, "alarms": [evil], "header": [evil]})
    assert "<script" not in page
    assert "</title><" not in page
    assert page.count("&lt;/title&gt;&lt;script&gt;") == 5


def test_a_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="settings"):
        render("run.html", {key: value for key, value in RUN.items() if key != "settings"})


def test_styles_and_pictures_are_inside_and_the_policy_names_them():
    page = render("run.html", RUN)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert asset("base.css") in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page
    assert "script-src" not in page
    assert 'src="data:image/png;base64,UE5H"' in page


def test_the_best_row_is_marked():
    rows = re.findall(r"<tr.*?</tr>", render("run.html", RUN))
    assert [("best" in row) for row in rows] == [False, True, False]


def test_the_report_and_the_service_have_the_same_slider():
    pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")
    from diptych.web.page import files

    served = files()
    for name in ("slider.js", "slider.css", "base.css"):
        assert served[f"/page/{name}"][0].decode() == asset(name)
    assert 'from "./slider.js"' in served["/page/viewer.js"][0].decode()
