"""HTML pages: the templates, the styles and the comparison slider, rendered by Jinja.

A page from `render` is one file that asks for no other: styles, scripts and pictures are inside, and its Content Security
Policy lets a browser run nothing else. The page of the service is served in pieces, and takes the shared ones with `asset`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterable, Mapping
from importlib import resources

import jinja2
from markupsafe import Markup

__all__ = ["asset", "render"]


def render(template: str, values: Mapping[str, object]) -> str:
    """Return a page.

    Parameters
    ----------
    template : str
        File name in ``templates/``.
    values : mapping of str to object
        What the template refers to. Text is escaped, so that a file name cannot become markup.

    Raises
    ------
    jinja2.UndefinedError
        If the template refers to a value that is not given.
    """
    return _environment().get_template(template).render(values)


@functools.cache
def asset(name: str) -> str:
    """Return the text of a style or a script in ``static/``.

    >>> asset("slider.js").startswith("// ")
    True
    """
    return resources.files(__name__).joinpath("static", name).read_text("utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["inline"] = _inline
    environment.filters |= {"sha256": _sha256, "data_uri": _data_uri}
    return environment


def _template(name: str) -> str:
    return resources.files(__name__).joinpath("templates", name).read_text("utf-8")


def _inline(names: Iterable[str]) -> Markup:
    return Markup("\n".join(asset(name) for name in names))


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
