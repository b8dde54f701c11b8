"""What an unknown name is answered with."""

from __future__ import annotations

import pytest

from diptych.core.errors import RENAMED, did_you_mean


@pytest.mark.parametrize("old", RENAMED)
def test_names_of_0_1_are_told_what_they_are_called_now(old):
    assert did_you_mean(old, [RENAMED[old], old + "s"]) == f"; since 0.2 that is '{RENAMED[old]}'"
    assert "since" not in did_you_mean(old, [old + "s"])


def test_the_closest_name_or_all_of_them():
    assert did_you_mean("gama", ["gamma", "median"]) == "; did you mean 'gamma'?"
    assert did_you_mean("x", ["gamma", "median"]) == "; known: gamma, median"
    assert did_you_mean("x", []) == ""
