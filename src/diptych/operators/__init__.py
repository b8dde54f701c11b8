"""The classical operators, one per file, the file named as the operator.

``diptych.operators.gamma`` is the function; its file is read when it is first asked for. The catalogue is this folder:
a new file is a new operator, with no list to edit. Beside the operators stands one measurement, ``estimate_noise``.
"""

from __future__ import annotations

import sys

from diptych.core.catalogue import CatalogueModule, get_from, names_in
from diptych.core.operator import Declaration, OperatorFunction


def names() -> tuple[str, ...]:
    """Return the names of all operators, sorted.

    >>> "gamma" in names()
    True
    """
    return names_in(sys.modules[__name__])


def get(name: str) -> OperatorFunction:
    """Return the operator of this name; raise `UnknownNameError` with the closest one.

    Parameters
    ----------
    name : str
        One of `names`.

    Examples
    --------
    >>> get("gamma").declaration.group
    'tone'
    """
    function: OperatorFunction = get_from(sys.modules[__name__], name, "operator")
    return function


def declaration(name: str) -> Declaration:
    """Return the declaration of the operator of this name (see `diptych.core.operator.Declaration`).

    Parameters
    ----------
    name : str
        One of `names`.

    Examples
    --------
    >>> declaration("gamma").group
    'tone'
    """
    return get(name).declaration


__all__ = ["declaration", "estimate_noise", "get", "names", *names()]  # noqa: PLE0604

_KIND = "operator"
_GETTERS = ((names, get),)
_ELSEWHERE = {"estimate_noise": "diptych.core.noise"}  # a measurement: it returns a number, not an image

sys.modules[__name__].__class__ = CatalogueModule
