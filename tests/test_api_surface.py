"""The public names, all of them, in one place: a change here is a change for users."""

from __future__ import annotations

import pytest

import diptych

PUBLIC = [
    "DiptychError",
    "Enhancer",
    "Image",
    "Photo",
    "Recipe",
    "Step",
    "auto",
    "enhance",
    "errors",
    "evaluate",
    "metrics",
    "operator",
    "operators",
    "read",
    "step",
    "write",
]


def test_the_public_names():
    assert sorted(diptych.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(diptych, name) is not None
        assert name in dir(diptych)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="enhence"):
        getattr(diptych, "enhence")  # noqa: B009


def test_an_operator_is_a_function_however_it_is_reached():
    import diptych.operators.gamma  # binds the name to the module, were it not for the catalogue

    assert callable(diptych.operators.gamma)
    assert diptych.operators.gamma is diptych.operators.get("gamma")
    assert "gamma" in dir(diptych.operators)
