"""The metrics, one per file, the file named as the metric; in ``_sets`` those that compare two sets of images.

``diptych.metrics.psnr`` is the function; its file is read when it is first asked for. The catalogue is this folder:
a new file is a new metric, with no list to edit. `names` lists the metrics of one image (with or without its
reference); `set_names` lists the metrics of two sets of images, which need no pairs.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from diptych.core.catalogue import CatalogueModule, get_from, names_in
from diptych.core.metric import MetricDeclaration, MetricFunction, SetMetricFunction

_ELSEWHERE = {
    "NiqeModel": "diptych.metrics._niqe_model",
    "niqe_model": "diptych.metrics._niqe_model",
    "why_unsuited": "diptych.metrics._suited",
}


def names() -> tuple[str, ...]:
    """Return the names of the metrics of one image, sorted.

    >>> "psnr" in names()
    True
    """
    return names_in(sys.modules[__name__])


def set_names() -> tuple[str, ...]:
    """Return the names of the metrics of two sets of images, sorted.

    >>> "domain_distance" in set_names()
    True
    """
    return names_in(_set_package())


def get(name: str) -> MetricFunction:
    """Return the metric of this name; raise `UnknownNameError` with the closest one.

    Parameters
    ----------
    name : str
        One of `names`.

    Examples
    --------
    >>> get("psnr").declaration.unit
    'dB'
    """
    function: MetricFunction = get_from(sys.modules[__name__], name, "metric")
    return function


def get_set(name: str) -> SetMetricFunction:
    """Return the metric of two sets of this name; raise `UnknownNameError` with the closest one.

    Parameters
    ----------
    name : str
        One of `set_names`.

    Examples
    --------
    >>> get_set("domain_distance").declaration.direction
    'lower'
    """
    function: SetMetricFunction = get_from(_set_package(), name, "metric of two sets")
    return function


def declaration(name: str) -> MetricDeclaration:
    """Return the declaration of the metric of this name (see `diptych.core.metric.MetricDeclaration`).

    Parameters
    ----------
    name : str
        One of `names`.

    Examples
    --------
    >>> declaration("psnr").unit
    'dB'
    """
    return get(name).declaration


def set_declaration(name: str) -> MetricDeclaration:
    """Return the declaration of the metric of two sets of this name.

    Parameters
    ----------
    name : str
        One of `set_names`.

    Examples
    --------
    >>> set_declaration("domain_distance").direction
    'lower'
    """
    return get_set(name).declaration


def _set_package() -> Any:
    return importlib.import_module("diptych.metrics._sets")


__all__ = [  # noqa: PLE0604
    *("declaration", "get", "get_set", "names", "set_declaration", "set_names"),
    *_ELSEWHERE,
    *names(),
    *set_names(),
]


_KIND = "metric"
_GETTERS = ((names, get), (set_names, get_set))

sys.modules[__name__].__class__ = CatalogueModule
