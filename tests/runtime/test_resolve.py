"""Which enhancer is meant: Python, the command line, the cluster and the service give one answer, or one refusal."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import diptych as dp
from diptych.cli.app import main
from diptych.cluster import JobSpec
from diptych.core.errors import DiptychError, ParameterError
from diptych.recipes import Planned, Recipe, Wishes, step
from diptych.recipes.planning import Blended
from diptych.runtime import DefaultEnhancer, EnhancerChoice, default_model, open_enhancer, resolve_enhancer

GAMMA = step("gamma", gamma=0.5)
WISHES = Wishes(brightness=0.5, strength=0.8)
HALF = Wishes(strength=0.5)

CHOICES = {
    "nothing": ({}, DefaultEnhancer),
    "fast": ({"profile": "fast"}, lambda: DefaultEnhancer(profile="fast")),
    "memory": ({"memory": 64 << 20}, DefaultEnhancer),
    "by name": ({"model": "default", "profile": "fast"}, lambda: DefaultEnhancer(profile="fast")),
    "in the package": ({"model": "low_light"}, lambda: open_enhancer(default_model())),
    "by file": ({"model": "FILE"}, lambda: open_enhancer(default_model())),
    "none": ({"model": "none"}, lambda: dp.auto),
    "recipe": ({"recipe": "auto"}, lambda: dp.auto),
    "recipe file": ({"recipe": "RECIPE"}, lambda: Recipe(GAMMA)),
    "steps": ({"steps": (GAMMA,)}, lambda: Recipe(GAMMA)),
    "wishes": ({"wishes": WISHES}, lambda: Planned(DefaultEnhancer(), WISHES)),
    "wishes of auto": ({"recipe": "auto", "wishes": WISHES}, lambda: Planned(dp.auto, WISHES)),
    "part of a recipe": ({"recipe": "RECIPE", "wishes": HALF}, lambda: Blended(Recipe(GAMMA), 0.5)),
    "wishes of a file": ({"model": "FILE", "wishes": WISHES}, lambda: Planned(open_enhancer(default_model()), WISHES)),
    "fast, with wishes": (
        {"profile": "fast", "wishes": Wishes(warmth=1)},
        lambda: Planned(DefaultEnhancer(profile="fast"), Wishes(warmth=1)),
    ),
}

REFUSED = {
    "two": ({"model": "low_light", "recipe": "auto"}, "exclude each other"),
    "three": ({"model": "low_light", "recipe": "auto", "steps": (GAMMA,)}, "exclude each other"),
    "none and steps": ({"model": "none", "steps": (GAMMA,)}, "exclude each other"),
    "profile of a recipe": ({"recipe": "auto", "profile": "fast"}, "profile is for a model"),
    "profile of steps": ({"steps": (GAMMA,), "profile": "best"}, "profile is for a model"),
    "profile of a file": ({"model": "FILE", "profile": "fast"}, "fast is for the default enhancer"),
    "profile of none": ({"model": "none", "profile": "fast"}, "profile is for a model"),
    "memory of a recipe": ({"recipe": "auto", "memory": 1 << 30}, "memory is for a model"),
    "strength without a refiner": ({"refine_strength": 0.5}, "is for a refiner"),
    "unknown model": ({"model": "unheard_of"}, "no model named 'unheard_of'"),
    "unknown recipe": ({"recipe": "unheard_of"}, "no recipe named 'unheard_of'"),
    "a recipe as a model": ({"model": "auto"}, "auto"),
    "a model as a recipe": ({"recipe": "low_light"}, "low_light"),
    "a library": ({"model": "evening.so"}, "evening.so"),
    "wishes of a recipe": ({"recipe": "RECIPE", "wishes": WISHES}, "of 'recipe', a recipe, whose numbers are fixed"),
    "wishes of steps": ({"steps": (GAMMA,), "wishes": Wishes(shadows=1)}, "cannot be wished of 'steps'"),
    "noise left and taken": ({"profile": "fast", "wishes": Wishes(denoise=0.5)}, "fast takes no noise away"),
    "part of a movement": ({"steps": (step("flip"),), "wishes": HALF}, "cannot blend what the step flip has moved"),
}

WORDS = {"model": "--model", "recipe": "--recipe", "profile": "--profile", "memory": "--memory"}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a picture, and the files that choices name."""
    folder = tmp_path_factory.mktemp("choices")
    Recipe(GAMMA).save(folder / "evening.toml")
    picture = np.random.default_rng(0).integers(0, 60, (40, 60, 3)).astype(np.uint8)
    dp.write(folder / "in.png", picture)
    return {"FILE": str(default_model()), "RECIPE": str(folder / "evening.toml"), "picture": picture, "folder": folder}


def named(fields, files):
    """Return fields with the paths of the files."""
    return {key: files.get(value, value) if isinstance(value, str) else value for key, value in fields.items()}


def on_the_command_line(fields, target: Path) -> list[str]:
    """Return the arguments that say the same."""
    arguments = ["enhance", str(target.parent / "in.png"), "-o", str(target)]
    for key, value in fields.items():
        if key == "steps":
            arguments += [part for one in value for part in ("--op", *str(one).split())]
        elif key == "wishes":
            arguments += [part for name, number in value.given.items() for part in (f"--{name}", str(number))]
        else:
            arguments += [WORDS.get(key, f"--{key.replace('_', '-')}"), str(value)]
    return arguments


def run(arguments, capsys) -> tuple[int, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize("name", CHOICES)
def test_the_same_enhancer_everywhere(name, files, capsys):
    fields, expected = CHOICES[name]
    fields, wanted = named(fields, files), expected()(files["picture"])
    choice = EnhancerChoice(**fields)
    assert np.array_equal(resolve_enhancer(choice)(files["picture"]), wanted)
    job = pickle.loads(pickle.dumps(JobSpec(choice=choice).portable()))
    assert np.array_equal(job.enhancer()(files["picture"]), wanted)
    assert job.fingerprint == JobSpec(choice=choice).fingerprint
    target = files["folder"] / f"{name}.png"
    code, errors = run(on_the_command_line(fields, target), capsys)
    assert code == 0, errors
    assert np.array_equal(dp.read(target).pixels, wanted)


@pytest.mark.parametrize("name", REFUSED)
def test_the_same_refusal_everywhere(name, files, capsys):
    fields, words = REFUSED[name]
    fields = named(fields, files)
    choice = EnhancerChoice(**fields)
    with pytest.raises(DiptychError) as caught:
        resolve_enhancer(choice)
    assert words in str(caught.value)
    assert "--" not in str(caught.value)
    with pytest.raises(type(caught.value)) as at_the_cluster:
        JobSpec(choice=choice).portable()
    assert str(at_the_cluster.value) == str(caught.value)
    target = files["folder"] / "never.png"
    code, errors = run(on_the_command_line(fields, target), capsys)
    assert code == 2
    assert words in errors
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["nothing", "fast", "by name", "recipe", "steps", "wishes", "wishes of auto", *REFUSED]
)
def test_the_service_gives_the_same(name, files):
    pytest.importorskip("fastapi")
    from diptych.core.errors import ParameterError
    from diptych.web.models import ModelRegistry
    from diptych.web.query import EnhanceQuery
    from diptych.web.steps import enhancer_for

    fields = (CHOICES | REFUSED)[name][0]
    if not set(fields) <= {"model", "recipe", "steps", "profile", "wishes"} or "RECIPE" in fields.values():
        pytest.skip("a request cannot say this")
    query = {key: value for key, value in fields.items() if key not in ("steps", "wishes")}
    query |= fields["wishes"].given if "wishes" in fields else {}
    if "steps" in fields:
        query["steps"] = json.dumps([{"operator": one.operator} | dict(one.parameters) for one in fields["steps"]])
    registry = ModelRegistry()
    if name in CHOICES:
        wanted = resolve_enhancer(EnhancerChoice(**fields))(files["picture"])
        assert np.array_equal(enhancer_for(EnhanceQuery(**query), registry)(files["picture"]), wanted)
        return
    with pytest.raises(DiptychError) as caught:
        enhancer_for(EnhanceQuery(**query), registry)
    if isinstance(caught.value, ParameterError):
        assert REFUSED[name][1] in str(caught.value)


def test_a_name_alone():
    assert isinstance(resolve_enhancer(), DefaultEnhancer)
    assert isinstance(resolve_enhancer("default"), DefaultEnhancer)
    assert resolve_enhancer("low_light").metadata.name == "low_light"
    assert resolve_enhancer("auto") is dp.auto
    assert resolve_enhancer(default_model()).metadata.name == "low_light"


def test_fingerprints_tell_choices_apart():
    prints = [
        EnhancerChoice(**fields).fingerprint()
        for fields, _ in CHOICES.values()
        if "RECIPE" not in fields.values() and "FILE" not in fields.values()
    ]
    # The memory decides no pixel, default is what is meant by nothing, and none is auto.
    assert len(set(prints)) == len(prints) - 3
    assert (
        EnhancerChoice(steps=(GAMMA,)).fingerprint() != EnhancerChoice(steps=(step("gamma", gamma=2.0),)).fingerprint()
    )


def test_what_a_spec_says():
    default, auto = DefaultEnhancer().spec, dp.auto.spec
    assert default.profiles == ("best", "fast")
    assert default.by_rows
    assert auto.profiles == ("best",)
    assert auto.by_rows
    assert Recipe(GAMMA).spec.by_rows
    assert not Recipe(GAMMA, step("clahe")).spec.by_rows
    assert not Recipe(step("gaussian", sigma="auto")).spec.by_rows


def test_other_words_for_the_fields():
    with pytest.raises(ParameterError, match="--memory is for a model; leave it out, or give --model"):
        resolve_enhancer(EnhancerChoice(recipe="auto", memory=1 << 30), called=WORDS)
