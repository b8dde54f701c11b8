"""What the command line says, turned into enhancers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer
    from diptych.core.parameters import Parameter
    from diptych.runtime.render import Profile

_ASSIGNMENT = re.compile(r"[A-Za-z_]+=", re.ASCII)
_SEPARATOR = "\x1f"  # cannot be typed by accident, unlike a space


def fold_operators(arguments: Iterable[str]) -> list[str]:
    r"""Join each ``--op NAME key=value ...`` into one option value, since an option cannot take a varying number.

    >>> fold_operators(["enhance", "a.png", "--op", "gamma", "gamma=0.5", "-o", "b.png"])
    ['enhance', 'a.png', '--op', 'gamma\x1fgamma=0.5', '-o', 'b.png']
    """
    folded: list[str] = []
    in_operator = False
    for argument in arguments:
        if in_operator and _ASSIGNMENT.match(argument):
            folded[-1] += _SEPARATOR + argument
            continue
        in_operator = argument.startswith("--op=") or (len(folded) > 0 and folded[-1] == "--op")
        folded.append(argument)
    return folded


def choose_enhancer(
    model: str | None,
    recipe: str | None,
    operators: list[str] | None,
    *,
    memory: str | None = None,
    profile: Profile | None = None,
) -> Enhancer:
    """Return the enhancer that the three options ask for; the model in the package if none does. The others are for models."""
    given = [
        option for option, value in (("--model", model), ("--recipe", recipe), ("--op", operators or None)) if value
    ]
    if len(given) > 1:
        raise ParameterError(f"{' and '.join(given)} exclude each other; give one of them")
    for option, value in (("--memory", memory), ("--profile", profile)):
        if value is not None and (recipe or operators or (model and not is_model(model))):
            raise ParameterError(f"{option} is for a model; leave it out, or give --model FILE.onnx")
    from diptych.recipes import Recipe

    if operators:
        return Recipe(*(_step(text) for text in operators), name="command line")
    if model == "none":
        return find_enhancer("auto")
    if model is None and recipe is None:
        return _in_the_box(memory, profile)
    return find_enhancer(model or recipe or "auto", memory=memory, profile=profile)


def is_model_file(name: str) -> bool:
    """Return whether a name means a model in a file.

    >>> is_model_file("evening.onnx"), is_model_file("auto")
    (True, False)
    """
    return name.lower().endswith(".onnx")


def is_model(name: str) -> bool:
    """Return whether a name means a model, in a file or in the package."""
    return is_model_file(name) or _is_in_the_box(name)


def find_enhancer(name: str, *, memory: str | None = None, profile: Profile | None = None) -> Enhancer:
    """Return what a name on the command line means: a model's file, a recipe by name, or a recipe's file."""
    if _is_in_the_box(name):
        return _in_the_box(memory, profile)
    if name.lower().endswith((".so", ".dll", ".dylib")):
        raise ParameterError(f"{name}: a compiled library; run it from Python with TvmEnhancer, or give a .onnx file")
    if is_model_file(name):
        from diptych.runtime import open_enhancer

        return open_enhancer(name, memory=_bytes(memory), profile=profile or "best")
    from diptych.recipes import catalogue

    return catalogue.find(name)


def _is_in_the_box(name: str) -> bool:
    from diptych.runtime.opening import DEFAULT

    return name == DEFAULT


def _in_the_box(memory: str | None, profile: Profile | None) -> Enhancer:
    from diptych.runtime import InTheBox

    return InTheBox(profile=profile or "best", memory=_bytes(memory))


def _bytes(memory: str | None) -> int | None:
    from diptych.runtime.memory import parse_size

    return None if memory is None else parse_size(memory)


def _step(text: str) -> Any:
    from diptych import operators
    from diptych.recipes import step

    name, *assignments = text.split(_SEPARATOR)
    declaration = operators.declaration(name)
    values = {}
    for assignment in assignments:
        key, _, value = assignment.partition("=")
        values[key] = _value(declaration.parameter(key), value, name)
    return step(name, **values)


def _value(parameter: Parameter, text: str, owner: str) -> Any:
    if parameter.kind != "image" or (parameter.optional and text.lower() == "none"):
        return parameter.parse(text, owner)
    from diptych.photo import read

    return read(text).pixels
