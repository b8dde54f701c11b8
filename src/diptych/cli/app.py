"""The command-line application: its commands, and the conversion of errors to exit codes.

Exit codes: 0 success; 1 some inputs failed (each is named) and the rest are done; 2 the call was invalid and nothing was
written; 130 interrupted.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from diptych import __version__
from diptych.cli import (
    advise,
    check,
    compare,
    demo,
    doctor,
    enhance,
    export,
    fit_niqe,
    listing,
    score,
    serve,
    show,
    train,
)
from diptych.cli.arguments import fold_operators, in_options
from diptych.cli.progress import note
from diptych.core.errors import DiptychError

app = typer.Typer(
    name="diptych",
    help="Enhance images: a dark photo in, a good photo out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("enhance")(enhance.enhance)
app.command("score")(score.score)
app.command("compare")(compare.compare)
app.command("fit-niqe")(fit_niqe.fit_niqe)
app.command("check")(check.check)
app.command("advise")(advise.advise)
app.command("train")(train.train)
app.command("export")(export.export)
app.command("serve")(serve.serve)
app.command("list")(listing.list_names)
app.command("show")(show.show)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"diptych {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its exit code."""
    try:
        app(args=fold_operators(sys.argv[1:] if arguments is None else arguments))
    except DiptychError as error:
        note(f"diptych: {in_options(str(error))}")
        sys.exit(2)
    except OSError as error:  # of the standard output, most likely: files have their own errors
        note(f"diptych: cannot write ({error.strerror or error}); free some space, or write elsewhere")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
