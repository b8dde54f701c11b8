"""``diptych serve``: enhancement over HTTP, and a page for people."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import typer

from diptych.cli.progress import note


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 is every network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8000,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A model's .onnx file, and what requests call it; repeat it."),
    ] = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="A recipe's TOML file, and what requests call it; repeat it."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Pictures at a time; 0 means one for each core.")] = 0,
    queue: Annotated[int, typer.Option(min=0, help="Requests that may wait; one more is answered with 429.")] = 32,
    max_bytes: Annotated[str, typer.Option(metavar="SIZE", help="Longest body of a request, e.g. 200MiB.")] = "64MiB",
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Refuse larger pictures, before they are decoded.")
    ] = 50_000_000,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="How long a body may take to arrive, wait, and take to be enhanced."),
    ] = 60.0,
    token_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Requests must bring the token in it. [default: $DIPTYCH_TOKEN, or none]"),
    ] = None,
) -> None:
    """Serve a page, and POST /v1/enhance, at http://127.0.0.1:8000. Ctrl-C finishes what runs and ends.

    Models and recipes are those of the package and those named here; a request cannot name a file or an address.
    """
    from diptych.core.errors import MissingExtraError
    from diptych.runtime.memory import parse_size

    try:
        from diptych.web.serving import serve as run
        from diptych.web.settings import Settings, read_token
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "diptych":
            raise
        raise MissingExtraError(f"the service needs {error.name}; pip install 'diptych[web]'") from None
    settings = Settings(
        workers=workers,
        queue=queue,
        max_bytes=parse_size(max_bytes),
        max_pixels=max_pixels,
        timeout=timeout,
        token=read_token(token_file),
        models=_named(model or [], "--model"),
        recipes=_named(recipe or [], "--recipe"),
    )
    if not settings.token and not _is_loopback(host):
        note(f"anybody who reaches {host} may use this service; set DIPTYCH_TOKEN or --token-file to ask for a token")
    run(settings, host=host, port=port, tell=lambda address: note(f"serving {address}; Ctrl-C ends it"))


def _named(options: list[str], option: str) -> dict[str, str]:
    from diptych.core.errors import ParameterError

    named: dict[str, str] = {}
    for text in options:
        name, equals, file = text.partition("=")
        if not (equals and name and file):
            raise ParameterError(f"{option} {text}: is not NAME=FILE; write e.g. {option} evening=evening.onnx")
        if name in named:
            raise ParameterError(f"{option} {text}: the name '{name}' is given twice; choose another")
        named[name] = file
    return named


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
