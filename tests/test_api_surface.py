"""The public names, all of them, in one place: a change here is a change for users."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
from pathlib import Path

import pytest

import diptych
from diptych.core.errors import MissingExtraError

ROOT = Path(__file__).resolve().parents[1]
_SPEC = importlib.util.spec_from_file_location("make_api", ROOT / "docs" / "make_api.py")
make_api = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make_api)

PUBLIC = json.loads(make_api.PUBLIC_NAMES.read_text())
ROOMS = [name for name in PUBLIC if name != "diptych"]


def test_the_public_names():
    for name in diptych.__all__:
        assert getattr(diptych, name) is not None
        assert name in dir(diptych)


@pytest.mark.parametrize("path", make_api.files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_made_from_the_catalogues_is_up_to_date(path):
    assert path.read_text() == make_api.files()[path], (
        f"{path.name} is not what the code says: run python docs/make_api.py"
    )


@pytest.mark.parametrize("room", ROOMS)
def test_all_of_a_room_is_what_it_exports(room):
    """Each name of ``__all__`` is there, and whatever the room's ``__init__`` takes from its own files is in ``__all__``."""
    package = importlib.import_module(f"diptych.{room}")
    for name in PUBLIC[room]:
        try:
            assert getattr(package, name) is not None
        except MissingExtraError as error:
            pytest.skip(str(error))
    if room in ("operators", "metrics"):  # catalogues: their names are those of their files
        return
    tree = ast.parse(Path(package.__file__).read_text())
    taken = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"diptych.{room}")
        for alias in node.names
    }
    assert {name for name in taken if not name.startswith("_")} <= set(PUBLIC[room])


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="enhence"):
        getattr(diptych, "enhence")  # noqa: B009


def test_an_operator_is_a_function_however_it_is_reached():
    import diptych.operators.gamma  # binds the name to the module, were it not for the catalogue

    assert callable(diptych.operators.gamma)
    assert diptych.operators.gamma is diptych.operators.get("gamma")
    assert "gamma" in dir(diptych.operators)
