"""``diptych serve``: enhancement over HTTP, with a web page."""

from __future__ import annotations

from typing import Annotated

import typer

from diptych.cli.arguments import read_size
from diptych.cli.progress import note
from diptych.web import Settings


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 is every network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A model's .onnx file and its name in requests; repeatable."),
    ] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A recipe's TOML file and its name in requests; repeatable."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Pictures enhanced at the same time; 0 means one per core, at most 4.")
    ] = Settings.workers,
    queue: Annotated[
        int, typer.Option(min=0, help="Requests that may wait; further ones are answered with 429.")
    ] = Settings.queue,
    max_bytes: Annotated[
        str, typer.Option(metavar="SIZE", help="Maximum length of a request body, e.g. 200MiB.")
    ] = f"{Settings.max_bytes >> 20}MiB",
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Refuse larger pictures, before decoding them.")
    ] = Settings.max_pixels,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Time limit for a body to arrive, a request to wait, a picture to be done."
        ),
    ] = Settings.timeout,
    grace: Annotated[
        float, typer.Option(metavar="SECONDS", help="Time for accepted requests to end when the service ends.")
    ] = Settings.grace,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which the service may be called, e.g. by a proxy; repeatable."),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Require the token in this file. [default: $DIPTYCH_TOKEN, or none]"),
    ] = None,
) -> None:
    """Serve a web page and POST /v1/enhance at http://127.0.0.1:8000. Ctrl-C finishes accepted requests and stops.

    Requests can use the models and recipes of the package and those given here; they cannot name a file or a URL.
    """
    from diptych.core.errors import MissingExtraError

    try:
        from diptych.web.server import is_loopback
        from diptych.web.server import serve as run
        from diptych.web.settings import read_token
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "diptych":
            raise
        raise MissingExtraError(f"the service needs {error.name}; pip install 'diptych[web]'") from None
    settings = Settings(
        workers=workers,
        queue=queue,
        max_bytes=read_size(max_bytes, "--max-bytes"),
        max_pixels=max_pixels,
        timeout=timeout,
        grace=grace,
        hosts=allow_host or (),
        token=read_token(token_file),
        models=_named(model or [], "--model"),
        recipes=_named(recipe or [], "--recipe"),
    )
    if not settings.token and not is_loopback(host):
        note(f"anyone who can reach {host} may use this service; set DIPTYCH_TOKEN or --token-file to require a token")
    run(settings, host=host, port=port, tell=lambda address: note(f"serving {address}; press Ctrl-C to stop"))


def _named(options: list[str], option: str) -> dict[str, str]:
    from diptych.core.errors import ParameterError

    named: dict[str, str] = {}
    for text in options:
        name, equals, file = text.partition("=")
        if not (equals and name and file):
            raise ParameterError(
                f"{option} {text}: is not of the form NAME=FILE; write e.g. {option} evening=evening.onnx"
            )
        if name in named:
            raise ParameterError(f"{option} {text}: the name '{name}' is given twice; choose another")
        named[name] = file
    return named
