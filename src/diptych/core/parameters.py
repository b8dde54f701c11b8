"""Parameters as declared by an operator's signature: kinds, bounds, checking, reading from text, JSON Schema.

An operator writes ``sigma: Annotated[float, Range(0, 100, "px")] = 1.5`` and nothing else; the command line, recipe
files, web forms, documentation and contract tests are made from the :class:`Parameter` that is read from it.

==========================================  ========  ===========================================
annotation                                  kind      values
==========================================  ========  ===========================================
``Annotated[float, Range(0, 100, "px")]``   number    a finite number within the bounds
``Annotated[int, Range(1, 99, "px", 2)]``   integer   minimum, minimum + step, ... up to the maximum
``bool``                                    flag      true or false
``Literal["a", "b"]``                       choice    one of the words
``Annotated[Table, TableOf(0, 1)]``         table     rows of numbers, as nested tuples
``Annotated[Image, Reference()]``           image     an array; on the command line, a file
``Annotated[Protocol, Model("refine")]``    model     an object with that method; in a file, its name and hash
==========================================  ========  ===========================================

Each may also be ``| None``, and carry a `Doc`, the text that describes it wherever it is used. A
number or an integer that is also marked ``Auto(low, high)`` may be the word ``auto``: it is then chosen for each image by
calibration, between these two (see `diptych.core.calibration`).
"""

from __future__ import annotations

import inspect
import math
import re
import types
import typing
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, Union

import numpy as np

from diptych.core.errors import ParameterError
from diptych.core.image import check_image

Kind = Literal["number", "integer", "flag", "choice", "table", "image", "model"]

Table: TypeAlias = tuple[tuple[float, ...], ...]
"""Rows of numbers, e.g. one row of quantiles for each channel."""

Value: TypeAlias = Any
"""A checked parameter value: float, int, bool, str, Table, image array or None."""

AUTO = "auto"
"""The value of a parameter that is chosen for each image."""

_REQUIRED = inspect.Parameter.empty
_MODEL_NAME = re.compile(r"\w{1,40}@[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True)
class Range:
    """Bounds of a number, both included; `step` restricts integers to minimum + k * step."""

    minimum: float
    maximum: float
    unit: str = ""
    step: int = 1


@dataclass(frozen=True)
class Auto:
    """Marks a number that may be ``auto``: what is tried lies between these two, the first of which changes least.

    `measured` names a number of the noise model (`diptych.core.noise.NoiseModel`) that it is, instead of being searched for.
    """

    minimum: float
    maximum: float
    measured: str = ""


@dataclass(frozen=True)
class TableOf:
    """Bounds of every number in a table."""

    minimum: float
    maximum: float
    unit: str = ""


@dataclass(frozen=True)
class Reference:
    """Marks a parameter that is itself an image."""


@dataclass(frozen=True)
class Model:
    """Marks a parameter that is a model: an object with this method, and a `reference` for files to call it by."""

    method: str


@dataclass(frozen=True)
class Doc:
    """Describes a parameter that several operators share; it is filled into the docstrings that do not describe it."""

    text: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operator, as its signature declares it.

    `default` is `Parameter.REQUIRED` when a value must be given.
    """

    name: str
    kind: Kind
    default: Value
    optional: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf
    unit: str = ""
    step: int = 1
    choices: tuple[str, ...] = ()
    method: str = ""
    auto: Auto | None = None
    doc: str = ""

    REQUIRED = _REQUIRED

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is _REQUIRED

    @property
    def bounds(self) -> str:
        """What is allowed, in words: ``"0 to 100 px"``, ``"one of a, b"``."""
        words = {
            "flag": "true or false",
            "choice": f"one of {', '.join(self.choices)}",
            "image": "an image",
            "model": f"a model that can {self.method}, or its name in a file, as evening@0123456789ab",
        }.get(self.kind) or self._bounds_of_numbers()
        words += ", or auto" if self.auto else ""
        return f"{words}, or none" if self.optional else words

    def _bounds_of_numbers(self) -> str:
        text = f"{self.minimum:g} to {self.maximum:g}" + (f" {self.unit}" if self.unit else "")
        if self.kind == "table":
            return f"rows of numbers, each {text}, e.g. 0,1;1,0"
        if self.kind == "integer":
            every = "a whole number" if self.step == 1 else f"{self.minimum:g} plus a multiple of {self.step}"
            return f"{every}, {text}"
        return text

    def check(self, value: object, owner: str) -> Value:
        """Return the value in its canonical type, or raise `ParameterError` naming owner, value and bound."""
        if value is None:
            if self.optional:
                return None
            raise self._error(value, owner)
        if self.auto and isinstance(value, str) and value == AUTO:
            return AUTO
        try:
            return _CHECKS[self.kind](self, value)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, ParameterError | ValueError) and self.kind == "image":
                raise
            raise self._error(value, owner) from None

    def parse(self, text: str, owner: str) -> Value:
        """Read the value from the text of a command line (not for images, which are files)."""
        if self.optional and text.lower() == "none":
            return None
        if self.auto and text.lower() == AUTO:
            return AUTO
        reader = _READERS.get(self.kind, str)
        try:
            return self.check(reader(text), owner)
        except ValueError:  # ParameterError is one; what was typed says more than what was read
            raise self._error(text, owner) from None

    def show(self, value: Value) -> str:
        """Return a value as it is typed on a command line."""
        if value is None:
            return "none"
        if self.kind == "table":
            return ";".join(",".join(f"{number:g}" for number in row) for row in value)
        return str(value)

    def schema(self) -> dict[str, Any]:
        """Return the parameter as a JSON Schema (the request side of an API and of a form)."""
        schema: dict[str, Any] = dict(_SCHEMAS[self.kind])
        if self.kind in ("number", "integer"):
            schema |= {"minimum": self.minimum, "maximum": self.maximum}
        if self.auto:  # the bounds are for numbers only, the pattern for texts only
            schema |= {"type": [schema["type"], "string"], "pattern": f"^{AUTO}$"}
        if self.kind == "choice":
            schema["enum"] = list(self.choices)
        if not self.required:
            schema["default"] = self.default
        return schema | ({"x-unit": self.unit} if self.unit else {})

    def _error(self, value: object, owner: str) -> ParameterError:
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        return ParameterError(f"{owner}: {self.name} = {shown} is not allowed; give {self.bounds}")


def _check_number(parameter: Parameter, value: Any) -> float:
    if isinstance(value, bool | str) or np.ndim(value) != 0:
        raise TypeError
    number = float(value)
    if not parameter.minimum <= number <= parameter.maximum:  # False for NaN too
        raise ValueError
    return number


def _check_integer(parameter: Parameter, value: Any) -> int:
    number = _check_number(parameter, value)
    if number != int(number) or (int(number) - int(parameter.minimum)) % parameter.step:
        raise ValueError
    return int(number)


def _check_flag(parameter: Parameter, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError
    return bool(value)


def _check_choice(parameter: Parameter, value: Any) -> str:
    if value not in parameter.choices:
        raise ValueError
    return str(value)


def _check_table(parameter: Parameter, value: Any) -> Table:
    rows = tuple(tuple(_check_number(parameter, number) for number in row) for row in value)
    if not rows or not rows[0]:
        raise ValueError
    return rows


def _check_reference(parameter: Parameter, value: Any) -> Any:
    return check_image(value, parameter.name)


def _check_model(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, str):
        if not _MODEL_NAME.fullmatch(value):
            raise ValueError
        return value
    if not callable(getattr(value, parameter.method, None)) or not hasattr(value, "reference"):
        raise TypeError
    return value


def _read_flag(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError
    return words[text.lower()]


def _read_table(text: str) -> list[list[float]]:
    plain = re.sub(r"[\])]\s*,\s*[\[(]", ";", text)  # brackets may be there or not
    return [[float(number) for number in row.strip("[]() ").split(",") if number.strip()] for row in plain.split(";")]


_CHECKS = {
    "number": _check_number,
    "integer": _check_integer,
    "flag": _check_flag,
    "choice": _check_choice,
    "table": _check_table,
    "image": _check_reference,
    "model": _check_model,
}
_READERS: dict[str, Any] = {"number": float, "integer": float, "flag": _read_flag, "table": _read_table}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "flag": {"type": "boolean"},
    "choice": {"type": "string"},
    "table": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    "image": {"type": "string", "format": "binary"},
    "model": {"type": "string"},
}


def read_parameters(function: Any, *, skip: Collection[str] = ()) -> tuple[Parameter, ...]:
    """Read the declared parameters of an operator from its signature, without those to `skip`; or the fields of a dataclass.

    Every argument after the first must be keyword-only and annotated as the table above says; anything else is a
    mistake of the programmer and raises `TypeError` when the module is imported.
    """
    hints = typing.get_type_hints(function, include_extras=True)
    called = vars(function)["__init__"] if isinstance(function, type) else function
    arguments = [item for item in list(inspect.signature(called).parameters.values())[1:] if item.name not in skip]
    return tuple(_read_parameter(function.__name__, argument, hints[argument.name]) for argument in arguments)


def _read_parameter(owner: str, argument: inspect.Parameter, hint: Any) -> Parameter:
    if argument.kind is not inspect.Parameter.KEYWORD_ONLY:
        raise TypeError(f"{owner}: parameter '{argument.name}' must be keyword-only")
    hint, optional = _strip_none(hint)
    base, marks = (hint.__origin__, hint.__metadata__) if typing.get_origin(hint) is Annotated else (hint, ())
    if not optional:
        base, optional = _strip_none(base)
    doc = next((mark.text for mark in marks if isinstance(mark, Doc)), "")
    common: dict[str, Any] = {"name": argument.name, "default": argument.default, "optional": optional, "doc": doc}
    if base is bool:
        return Parameter(kind="flag", **common)
    if typing.get_origin(base) is Literal:
        return Parameter(kind="choice", choices=typing.get_args(base), **common)
    for mark in marks:
        if isinstance(mark, Reference):
            return Parameter(kind="image", **common)
        if isinstance(mark, Model):
            return Parameter(kind="model", method=mark.method, **common)
        if isinstance(mark, TableOf):
            return Parameter(kind="table", minimum=mark.minimum, maximum=mark.maximum, unit=mark.unit, **common)
        if isinstance(mark, Range) and base in (int, float):
            kind: Kind = "integer" if base is int else "number"
            common["auto"] = next((other for other in marks if isinstance(other, Auto)), None)
            return Parameter(
                kind=kind, minimum=mark.minimum, maximum=mark.maximum, unit=mark.unit, step=mark.step, **common
            )
    raise TypeError(f"{owner}: parameter '{argument.name}' has no declaration; see diptych.core.parameters")


def _strip_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in typing.get_args(hint) if part is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return hint, False
