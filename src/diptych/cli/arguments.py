"""What the command line says of an enhancer: its options, and the steps of ``--op``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.core.parameters import Parameter
    from diptych.recipes import Step

_ASSIGNMENT = re.compile(r"[A-Za-z_]+=", re.ASCII)
_UNITS = {"": 1, "b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)", re.ASCII)
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


def without_types(parameters: list[Any]) -> list[Any]:
    """Take the type out of the help of flags, which take no value."""
    for one in parameters:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
    return parameters


OPTIONS = {
    "model": "--model",
    "recipe": "--recipe",
    "steps": "--op",
    "profile": "--profile",
    "memory": "--memory",
    "refiner": "--refine",
    "refine_strength": "--refine-strength",
    "refine_steps": "--refine-steps",
    "refine_seed": "--refine-seed",
}
"""What the command line calls the fields of an `EnhancerChoice`."""


_PARAMETER = re.compile(r"`([a-z_.]+)(?:=([^`]*))?`")
_DIFFERENT = {"refiner": "refine"}
_FLAGS = {"existing='overwrite'": "--overwrite", "existing='skip'": "--skip-existing"}


def in_options(text: str) -> str:
    """Translate a message of the library, in which parameters are written as `name` or `name=value`, into options.

    >>> in_options("a.png: exists already; give another name, or `overwrite=True`")
    'a.png: exists already; give another name, or --overwrite'
    >>> in_options("raise `max_pixels`, give `target=onnx` or `weights.structure=1`")
    'raise --max-pixels, give --target onnx or --set weights.structure=1'
    """
    return _PARAMETER.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    whole, (name, value) = match[0].strip("`"), match.groups()
    if whole in _FLAGS:
        return _FLAGS[whole]
    if "." in name:
        return f"--set {whole}"
    option = "--" + _DIFFERENT.get(name, name).replace("_", "-")
    return option if value in (None, "True") else f"{option} {value}"


def read_steps(operators: list[str] | None) -> tuple[Step, ...] | None:
    """Return the steps of ``--op``; None without any."""
    return tuple(_step(text) for text in operators) if operators else None


def read_size(text: str, option: str) -> int:
    """Return the bytes that an option says."""
    try:
        return parse_size(text)
    except ParameterError as error:
        raise ParameterError(f"{option}: {error}") from None


def parse_size(text: str) -> int:
    """Read a number of bytes.

    >>> parse_size("1.5GiB"), parse_size("200 MB"), parse_size("4096")
    (1610612736, 200000000, 4096)
    """
    found = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if not found or unit is None:
        raise ParameterError(f"'{text}' is not a size; write it as 1GiB, 512MiB or a number of bytes")
    return int(float(found[1]) * unit)


def _step(text: str) -> Step:
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
