"""The operator: a pure function from image to image whose signature is its whole declaration.

The decorator reads the signature once and puts one guard around the function, so that each operator's body is only its
formula: it sees a read-only float image ``(H, W, C)`` in [0, 1] and checked parameters, and returns floats; the guard
gives the caller back the dtype and the number of axes that came in. That is what makes the answer the same in every
depth.

The body is the specification. A faster way to the same answer is a row in the table ``PATHS`` of the file
``_kernels/<name>.py`` beside the operator's own: the guard takes the first row that fits the image and the parameters.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np

from diptych.core.calibration import Denoiser, Method, questions, search
from diptych.core.errors import ParameterError, did_you_mean
from diptych.core.image import FloatImage, Image, check_image, from_float, to_float
from diptych.core.parameters import Parameter, Value, read_parameters

Group = Literal["filter", "tone", "geometry", "morphology", "illumination", "denoising", "segmentation"]


class OperatorFunction(Protocol):
    """What ``diptych.operators.<name>`` is: call it with an image and keyword parameters."""

    @property
    def declaration(self) -> Declaration:
        """Name, group and parameters, as read from the signature."""
        ...

    def __call__(self, image: Image, /, **parameters: Value) -> Image:
        """Return the processed image: same dtype, same number of axes."""
        ...


@dataclass(frozen=True)
class Declaration:
    """What is known of an operator: the one source of CLI options, recipes, forms, docs and contract tests.

    `function` is the operator as the user calls it; `plain` never takes a faster path. `curve` is there for tone operators
    (see `diptych.operators._tones`). ``reach`` is what the operator was declared with, `halo` what to ask.
    """

    name: str
    group: Group
    parameters: tuple[Parameter, ...]
    documentation: str
    keeps_shape: bool
    function: Callable[..., Image]
    plain: Callable[..., Image]
    freeze: Callable[[dict[str, Value]], dict[str, Value]]
    curve: Callable[..., Any] | None
    reach: Callable[..., int | None]
    own_paths: tuple[FastPath, ...]

    @property
    def paths(self) -> tuple[FastPath, ...]:
        """The table of faster paths."""
        return self.own_paths or fast_paths(self.function.__module__)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.documentation.strip().partition("\n")[0]

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of this name, or raise `ParameterError` with the closest one."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        hint = did_you_mean(name, (parameter.name for parameter in self.parameters))
        raise ParameterError(f"{self.name} has no parameter '{name}'{hint}")

    def describe(self, name: str) -> str:
        """Return the docstring's text for one parameter, on one line."""
        pattern = rf"^{re.escape(name)} : [^\n]*\n((?: {{4,}}[^\n]*\n?)+)"
        found = re.search(pattern, self.documentation + "\n", flags=re.MULTILINE)
        return " ".join(found.group(1).split()) if found else ""

    def halo(self, **parameters: Value) -> int | None:
        """Return how many rows and columns around a pixel its result depends on; None where it is the whole image."""
        return None if self.undecided(parameters) else self.reach(**parameters)

    def undecided(self, parameters: Mapping[str, Value]) -> tuple[Parameter, ...]:
        """Return those of the parameters that are ``auto``: to be chosen for an image."""
        return tuple(one for one in self.parameters if one.auto and isinstance(parameters.get(one.name), str))

    def check(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return every parameter with its checked value (defaults filled in); raise `ParameterError` otherwise."""
        for name in given:
            self.parameter(name)
        return {parameter.name: self._value(parameter, given) for parameter in self.parameters}

    def _value(self, parameter: Parameter, given: Mapping[str, object]) -> Value:
        if parameter.name in given:
            return parameter.check(given[parameter.name], self.name)
        if parameter.required:
            raise ParameterError(f"{self.name} needs {parameter.name}; give {parameter.bounds}")
        return parameter.default


@dataclass(frozen=True)
class FastPath:
    """One row of an operator's table of faster paths.

    Attributes
    ----------
    name : str
        What does the work, for the reader of the table: ``"OpenCV"``, ``"Numba"``.
    dtypes : tuple of str
        The dtypes it takes.
    run : function
        ``run(image, **parameters)`` with the image ``(H, W, C)`` in its own dtype, C-contiguous and read-only; returns
        an array of that dtype (and shape, unless the operator changes it) that the plain version agrees with.
    when : function
        ``when(image, **parameters)`` says whether the row fits; by default it always does.
    note : str
        The condition in words.
    """

    name: str
    dtypes: tuple[str, ...]
    run: Callable[..., Image]
    when: Callable[..., bool] = lambda image, **parameters: True
    note: str = ""


@functools.cache
def fast_paths(module: str) -> tuple[FastPath, ...]:
    """Return the table of faster paths that belongs to an operator's module; empty if there is none."""
    package, _, name = module.rpartition(".")
    if not package:  # an operator of a script or a notebook
        return ()
    kernels = f"{package}._kernels.{name}"
    try:
        return tuple(importlib.import_module(kernels).PATHS)
    except ModuleNotFoundError as error:
        if error.name is None or not kernels.startswith(error.name):
            raise
        return ()


F = TypeVar("F", bound=Callable[..., Any])


def operator(
    *,
    group: Group,
    keeps_shape: bool = True,
    freeze: Callable[[dict[str, Value]], dict[str, Value]] = dict,
    halo: Callable[..., int | None] = lambda **parameters: None,
    curve: Callable[..., Any] | None = None,
    paths: tuple[FastPath, ...] = (),
) -> Callable[[F], F]:
    """Make an operator of a function ``f(image, *, parameters) -> image`` written for float images ``(H, W, C)``.

    Parameters
    ----------
    group : str
        The room of the catalogue it is listed in.
    keeps_shape : bool
        Whether the result always has the height and width of the image.
    freeze : function
        Turns checked parameters into ones that hold no array, for a recipe; only operators that take a reference image
        need it.
    halo : function
        ``halo(**parameters)`` is the number of rows and columns around a pixel that its result depends on; None (always,
        by default) where it depends on the whole image.
    curve : function
        For tone operators, which are declared through `diptych.operators._tones.tone_operator`.
    paths : tuple of FastPath
        Faster paths, if they are not in a file ``_kernels/<name>.py``.

    Returns
    -------
    decorator
        The decorated function takes and returns any image of the contract (see `diptych.core.image`) and checks its
        parameters; its `declaration` attribute is a `Declaration`.

    Examples
    --------
    >>> from typing import Annotated
    >>> from diptych.core.parameters import Range
    >>> @operator(group="tone")
    ... def darken(image, *, amount: Annotated[float, Range(0, 1)] = 0.5):
    ...     '''Darken the image.'''
    ...     return image * (1 - amount)
    >>> darken(np.full((1, 2), 200, np.uint8), amount=0.25).tolist()
    [[150, 150]]
    """

    def decorate(function: F) -> F:
        parameters = read_parameters(function)

        @functools.wraps(function)
        def guarded(image: Image, /, **given: object) -> Image:
            return _run(function, declaration, image, given, declaration.paths)

        def plain(image: Image, /, **given: object) -> Image:
            return _run(function, declaration, image, given, ())

        declaration = Declaration(
            name=function.__name__,
            group=group,
            parameters=parameters,
            documentation=inspect.getdoc(function) or "",
            keeps_shape=keeps_shape,
            freeze=freeze,
            function=guarded,
            plain=plain,
            curve=curve,
            reach=halo,
            own_paths=paths,
        )
        guarded.declaration = declaration  # type: ignore[attr-defined]
        return cast(F, guarded)

    return decorate


def _run(
    body: Callable[..., FloatImage],
    declaration: Declaration,
    image: Image,
    given: Mapping[str, object],
    paths: tuple[FastPath, ...],
) -> Image:
    parameters = declaration.check(given)
    checked = _three_axes(check_image(image))
    if declaration.undecided(parameters):
        parameters = calibrated(declaration, checked, parameters)
    for parameter in declaration.parameters:
        if parameter.kind == "image" and parameters[parameter.name] is not None:
            parameters[parameter.name] = _three_axes(parameters[parameter.name])
    for path in paths:
        if checked.dtype.name in path.dtypes and path.when(checked, **parameters):
            result = path.run(checked, **parameters)
            break
    else:
        result = from_float(body(to_float(checked), **as_floats(parameters)), checked.dtype)
    return result[:, :, 0] if image.ndim == 2 else result


def calibrated(
    declaration: Declaration, image: Image, parameters: Mapping[str, Value], *, method: Method = "recorrupted"
) -> dict[str, Value]:
    """Return the parameters, those that are ``auto`` chosen for the image ``(H, W, C)``."""
    undecided, fixed = declaration.undecided(parameters), dict(parameters)

    def decided(values: Mapping[str, Value]) -> Denoiser:
        return lambda part: declaration.function(part, **{**fixed, **values})

    return fixed | search(questions(image, method), decided, undecided)


def as_floats(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Return the parameters with images as floats, as the body of an operator gets them."""
    return {name: to_float(value) if isinstance(value, np.ndarray) else value for name, value in parameters.items()}


def _three_axes(image: Image) -> Image:
    view = np.ascontiguousarray(image if image.ndim == 3 else image[:, :, np.newaxis]).view()
    view.flags.writeable = False
    return view
