"""The operator: a pure function from image to image, declared by its signature and its decorator.

The decorator reads the signature once and puts one guard around the function, so that each operator's body is only its
formula: it sees a read-only float image ``(H, W, C)`` in [0, 1] and checked parameters, and returns floats; the guard
gives the caller back the dtype and the number of axes that came in. That is what makes the answer the same in every
depth.

The body is the specification. A faster way to the same answer is a row in the table ``PATHS`` of the file
``_kernels/<name>.py`` beside the operator's own: the guard takes the first row that fits the image and the parameters.

The decorator completes docstrings with what is the same for all operators: the image, the result and the errors.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np

from diptych.core.calibration import Denoiser, Method, measured, probes, search
from diptych.core.catalogue import kernels_of
from diptych.core.documentation import IMAGE, completed, entry
from diptych.core.errors import ParameterError, did_you_mean
from diptych.core.image import FloatImage, Image, check_image, check_order, from_float, to_float
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
    """Everything declared about an operator: the one source of CLI options, recipes, forms, docs and contract tests.

    Attributes
    ----------
    name, group, documentation : str
        The docstring is whole, with what the decorator fills in.
    parameters : tuple of Parameter
        As the signature declares them.
    function, plain : callable
        The operator as the user calls it, and without its faster paths.
    freeze : callable
        Turns checked parameters into ones that hold no array.
    curve : callable or None
        There for tone operators, see `diptych.core.tones`.
    kernels : str
        The file of its faster paths, if it is not named as the operator.
    resize, neighbourhood : callable or None
        What the operator was declared with; ask `output_shape` and `halo`.
    mapping : callable or None
        Where the pixels of a geometric operator come from, see `operator`.
    by_rows : callable or None
        How it works by rows where it has no halo.
    """

    name: str
    group: Group
    parameters: tuple[Parameter, ...]
    documentation: str
    function: Callable[..., Image]
    plain: Callable[..., Image]
    freeze: Callable[[dict[str, Value]], dict[str, Value]]
    curve: Callable[..., Any] | None
    kernels: str
    resize: Callable[..., tuple[int, int]] | None
    neighbourhood: Callable[..., int | None] | None
    by_rows: RowsMaker | None
    mapping: Callable[..., Any] | None

    @property
    def paths(self) -> tuple[FastPath, ...]:
        """The table of faster paths."""
        return fast_paths(self)

    @property
    def keeps_shape(self) -> bool:
        """Whether the result always has the height and width of the image."""
        return self.resize is None

    @functools.cached_property
    def denoises(self) -> bool:
        """Whether its purpose is to remove noise."""
        return self.group == "denoising"

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

    def output_shape(self, shape: tuple[int, ...], /, **parameters: Value) -> tuple[int, int]:
        """Return the height and width of the result for an image of this shape; give all parameters, checked.

        Raises `ParameterError` where the operator would, e.g. for a crop that leaves the image.
        """
        return (shape[0], shape[1]) if self.resize is None else self.resize(shape[:2], **parameters)

    def halo(self, **parameters: Value) -> int | None:
        """Return how many rows and columns around a pixel its result depends on; None where it is the whole image."""
        if self.neighbourhood is None or self.undecided(parameters):
            return None
        return self.neighbourhood(**parameters)

    def undecided(self, parameters: Mapping[str, Value]) -> tuple[Parameter, ...]:
        """Return the parameters that are ``auto``, which are chosen for each image."""
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
    any_depth : bool
        Whether `run` takes the keyword `dtype`, uint8 or uint16, in which it then writes its result on such an image.
    """

    name: str
    dtypes: tuple[str, ...]
    run: Callable[..., Image]
    when: Callable[..., bool] = lambda image, **parameters: True
    note: str = ""
    any_depth: bool = False


RowWork = Callable[[FloatImage, int], FloatImage]
"""Takes some rows of an image ``(h, W, C)`` and the number of the first of them to the rows of the result."""


GRID = 16
"""Parts of an image that an operator is given begin at multiples of so many rows, as blocks of a JPEG do."""


RowsMaker = Callable[..., RowWork]
"""How an operator whose result depends on the whole image works by rows: ``by_rows(sample, shape, step, **parameters)``.

`sample` is every `step`-th pixel of every `step`-th row of an image of this shape, as floats ``(h, w, C)``; the parameters are
checked ones.
"""


@functools.cache
def fast_paths(declaration: Declaration) -> tuple[FastPath, ...]:
    """Return the faster paths of an operator; empty if there are none.

    They are the table ``PATHS`` of its file in ``_kernels``, or what the function ``paths(declaration)`` of a file that several
    operators share gives.
    """
    kernels = kernels_of(declaration.function.__module__, declaration.kernels)
    if kernels is None:
        return ()
    found = kernels.paths(declaration) if declaration.kernels else kernels.PATHS
    return tuple(found)


F = TypeVar("F", bound=Callable[..., Any])


def operator(
    *,
    group: Group,
    resize: Callable[..., tuple[int, int]] | None = None,
    mapping: Callable[..., Any] | None = None,
    freeze: Callable[[dict[str, Value]], dict[str, Value]] = dict,
    halo: Callable[..., int | None] | None = None,
    by_rows: RowsMaker | None = None,
    curve: Callable[..., Any] | None = None,
    kernels: str = "",
) -> Callable[[F], F]:
    """Make an operator of a function ``f(image, *, parameters) -> image`` written for float images ``(H, W, C)``.

    Parameters
    ----------
    group : str
        The group of the catalogue it is listed in; ``denoising`` is for operators whose purpose is to remove noise.
    resize : function
        ``resize((H, W), **parameters)`` is the height and width of the result; by default those of the image.
    mapping : function
        ``mapping((H, W), **parameters)`` is the affine map from pixels of the result to pixels of the image: two rows of three
        numbers in (row, column) order. Geometric operators have it, but `register`, whose map depends on the image.
    freeze : function
        Turns checked parameters into ones that hold no array, for a recipe; only operators that take a reference image
        need it.
    halo : function
        ``halo(**parameters)`` is the number of rows and columns around a pixel that its result depends on; None (always,
        by default) where it depends on the whole image. It may depend on where blocks of up to `GRID` rows begin.
    by_rows : function
        How it works on images that are larger than memory where it has no halo, see `RowsMaker`; by default not at all.
    curve : function
        For tone operators, which are declared through `diptych.core.tones.tone_operator`.
    kernels : str
        The file in ``_kernels`` with the faster paths, for operators that share one; by default that of the operator's name.

    Returns
    -------
    decorator
        The decorated function takes and returns any image of the contract (see `diptych.core.image`) and checks its
        parameters; its `declaration` attribute is a `Declaration`, and its docstring is completed.

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
        function.__doc__ = _documented(inspect.getdoc(function) or "", parameters, resize is None)

        @functools.wraps(function)  # the file of its faster paths is found by its module
        def guarded(image: Image, /, **given: object) -> Image:
            return _run(function, declaration, image, given, declaration.paths)

        @functools.wraps(function)
        def public(image: Image, /, *main: object, **given: object) -> Image:
            # Not in `guarded`, which also works on strips: a few rows of many channels.
            check_order(image)
            return guarded(image, **(_with_main(declaration, main, given) if main else given))

        def plain(image: Image, /, **given: object) -> Image:
            return _run(function, declaration, image, given, ())

        declaration = Declaration(
            name=function.__name__,
            group=group,
            parameters=parameters,
            documentation=function.__doc__,
            function=guarded,
            plain=plain,
            freeze=freeze,
            curve=curve,
            kernels=kernels,
            resize=resize,
            mapping=mapping,
            neighbourhood=halo,
            by_rows=by_rows,
        )
        public.declaration = declaration  # type: ignore[attr-defined]
        public.__signature__ = _signature(function)  # type: ignore[attr-defined]
        return cast(F, public)

    return decorate


_TYPES = {"number": "float", "integer": "int", "flag": "bool", "choice": "str", "table": "table", "image": "ndarray"}


def _documented(docstring: str, parameters: tuple[Parameter, ...], keeps_shape: bool) -> str:
    """Return the docstring of an operator with the image, the result, the errors and the shared parameters."""
    shared = [
        (one.name, entry(f"{one.name} : {_TYPES.get(one.kind, one.kind)}" + ", optional" * one.optional, one.doc))
        for one in parameters
    ]
    of_result = "" if keeps_shape else ", shape (height, width) or (height, width, C)"
    errors = {"ImageError": entry("ImageError", "If the image breaks the contract.")}
    if parameters:
        errors["ParameterError"] = entry("ParameterError", "If a parameter is out of its bounds.")
    return completed(
        docstring,
        {
            "Parameters": {"image": entry("image : ndarray, shape (H, W) or (H, W, C)", IMAGE), **dict(shared)},
            "Returns": {"": entry(f"ndarray{of_result}", "Same shape and dtype." if keeps_shape else "Same dtype.")},
            "Raises": errors,
        },
    )


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with its first parameter, the main one, also by position."""
    signature = inspect.signature(function)
    image, *others = signature.parameters.values()
    kinds = [inspect.Parameter.POSITIONAL_OR_KEYWORD] * bool(others) + [one.kind for one in others[1:]]
    changed = [one.replace(kind=kind) for one, kind in zip(others, kinds, strict=True)]
    return signature.replace(parameters=[image.replace(kind=inspect.Parameter.POSITIONAL_ONLY), *changed])


def _with_main(declaration: Declaration, main: tuple[object, ...], given: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters with the first, which may stand without its name."""
    if len(main) > 1 or not declaration.parameters:
        most = "an image and one number" if declaration.parameters else "an image alone"
        named = "".join(f", {one.name}={one.default!r}" for one in declaration.parameters[:2])
        raise ParameterError(
            f"{declaration.name} takes {most} without names; name the others, as in {declaration.name}(image{named})"
        )
    name = declaration.parameters[0].name
    if name in given:
        raise ParameterError(f"{declaration.name}: {name} is given twice, by place and by name; leave one out")
    return {name: main[0], **given}


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
    """Return the parameters with those that are ``auto`` chosen for the image ``(H, W, C)``."""
    fixed = dict(parameters) | measured(image, declaration.undecided(parameters))
    undecided = declaration.undecided(fixed)
    if not undecided:
        return fixed

    def decided(values: Mapping[str, Value]) -> Denoiser:
        return lambda part: declaration.function(part, **{**fixed, **values})

    return fixed | search(probes(image, method), decided, undecided)


def as_floats(parameters: Mapping[str, Value]) -> dict[str, Value]:
    """Return the parameters with images as floats, as the body of an operator gets them."""
    return {name: to_float(value) if isinstance(value, np.ndarray) else value for name, value in parameters.items()}


def _three_axes(image: Image) -> Image:
    view = np.ascontiguousarray(image if image.ndim == 3 else image[:, :, np.newaxis]).view()
    view.flags.writeable = False
    return view
