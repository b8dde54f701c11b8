"""What the page says is there in both languages, and nothing is said that is not used."""

from __future__ import annotations

import re
from importlib import resources

import pytest

pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'diptych[web]'")

from diptych import operators
from diptych.core.wishes import WISHES
from diptych.photo.formats import readable_suffixes
from diptych.recipes import catalogue
from diptych.web import page
from diptych.web.listings import all_operators

FOLDER = resources.files("diptych.web.page")
SCRIPTS = {one.name: one.read_text(encoding="utf-8") for one in FOLDER.iterdir() if one.name.endswith(".js")}
HTML = (FOLDER / "index.html").read_text(encoding="utf-8")
SCHEMAS = {one["title"]: one["properties"] for one in all_operators()}


def rows(text):
    """Return the rows of tables of texts by name: English and Chinese."""
    found = re.findall(r'(?m)(?:^|(?<=[,{] )) *"?([\w.]+)"?: \["((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"', text)
    return {name: (english, chinese) for name, english, chinese in found}


def table(name):
    return rows(re.search(rf"const {name} = \{{\n(.*?)\n\}};", SCRIPTS["catalogue.js"], re.DOTALL)[1])


SENTENCES = rows(SCRIPTS["dictionary.js"])


def test_every_sentence_is_in_both_languages():
    assert len(SENTENCES) == len(re.findall(r"(?m)^  \w+:", SCRIPTS["dictionary.js"])) > 100
    for name, (english, chinese) in SENTENCES.items():
        assert english, name
        assert chinese, name
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", chinese)), name
        same = {"said", "actual", "word_python", "word_http"}
        assert (english != chinese) or name in same, name


def test_every_sentence_is_used_and_no_other():
    code = "\n".join(text for name, text in SCRIPTS.items() if name != "dictionary.js")
    asked = set(re.findall(r'data-(?:t|label|hint|alt)="(\w+)"', HTML)) | set(re.findall(r'\bt\("(\w+)"', code))
    quoted = set(re.findall(r'"(\w+)"', code)) | set(re.findall(r"\b(word_\w+):", code))
    built = {f"wish_{one}{end}" for one in WISHES for end in ("", "_hint")} | {"unit_stops"}
    looks = {one for one in SENTENCES if one.startswith("look_")}
    assert asked <= set(SENTENCES)
    assert set(SENTENCES) <= asked | quoted | built | looks
    wished = set(re.findall(r"\b(\w+): \{", re.search(r"const WISHES = \{(.*?)\n\};", code, re.DOTALL)[1]))
    recipes = set(catalogue.names()) - {"auto"}
    assert looks == {f"look_{one}" for one in wished | recipes}


def test_nothing_is_said_in_one_language_only():
    visible = re.sub(r"<(title|noscript|h1|nav|option)\b.*?</\1>", "", HTML)
    assert set(re.findall(r">([^<>]*[A-Za-z][^<>]*)<", visible)) == set()


def test_every_operator_and_parameter_has_words():
    names, parameters, choices = table("OPERATORS"), table("PARAMETERS"), table("CHOICES")
    assert set(SCHEMAS) <= set(names) <= set(operators.names()) | {"denoise"}
    assert {operators.declaration(one).group for one in SCHEMAS} <= set(table("GROUPS"))
    for operator, properties in SCHEMAS.items():
        for name, schema in properties.items():
            assert name == "operator" or {name, f"{operator}.{name}"} & set(parameters), f"{operator} {name}"
            assert set(schema.get("enum", ())) <= set(choices), f"{operator} {name}"
    sentences = re.findall(r'(?m)^  (\w+): \["[^"]+", "[^"]+", "[^"]+"\],$', SCRIPTS["catalogue.js"])
    assert set(sentences) == set(SCHEMAS)
    for words in (names, parameters, choices):
        assert all(english and chinese for english, chinese in words.values())


def test_sliders_go_as_far_as_useful_values_within_the_bounds():
    soft = re.search(r"const SOFT = \{\n(.*?)\n\};", SCRIPTS["catalogue.js"], re.DOTALL)[1]
    found = re.findall(r'"(\w+)\.(\w+)": \[([-\d.]+), ([-\d.]+)\]', soft)
    assert len(found) > 50
    for operator, name, low, high in found:
        schema = SCHEMAS[operator][name]
        assert schema["minimum"] <= float(low) <= schema["default"] <= float(high) <= schema["maximum"], (
            operator,
            name,
        )


def test_every_script_is_served_and_every_element_exists():
    served = set(page.files())
    assert {f"/page/{name}" for name in SCRIPTS} <= served
    code = "\n".join(text for name, text in SCRIPTS.items() if name != "docs.js")
    for name in re.findall(r'from "\./(\w+\.js)"', code):
        assert f"/page/{name}" in served
    assert set(re.findall(r'find\("#([\w-]+)[" ]', code)) <= set(re.findall(r'\bid="([\w-]+)"', HTML))


def test_every_format_that_is_read_can_be_chosen():
    accepted = re.search(r'accept="([^"]*)"', HTML)[1].split(",")
    assert set(accepted) == {"image/*", *readable_suffixes()}
