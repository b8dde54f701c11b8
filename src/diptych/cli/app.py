"""The command-line application: its commands, and the conversion of errors to exit codes.

Exit codes: 0 success; 1 some inputs failed (each is named) and the rest are done; 2 the call was invalid and nothing was
written; 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

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
from diptych.cli.arguments import fold_operators, in_options, without_types
from diptych.cli.compilation import announce_compilation
from diptych.cli.progress import note
from diptych.core.errors import DiptychError


class _Command(TyperCommand):
    """A command whose flags have no type in the help, as they take no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, ``--help`` among them."""
        return without_types(super().get_params(ctx))


class _Group(TyperGroup):
    """The program itself, with the same help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, ``--help`` among them."""
        return without_types(super().get_params(ctx))


app = typer.Typer(
    name="diptych",
    cls=_Group,
    help="Enhance images: a dark photo in, a good photo out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("enhance", cls=_Command)(enhance.enhance)
app.command("score", cls=_Command)(score.score)
app.command("compare", cls=_Command)(compare.compare)
app.command("fit-niqe", cls=_Command)(fit_niqe.fit_niqe)
app.command("check", cls=_Command)(check.check)
app.command("advise", cls=_Command)(advise.advise)
app.command("train", cls=_Command)(train.train)
app.command("export", cls=_Command)(export.export)
app.command("serve", cls=_Command)(serve.serve)
app.command("list", cls=_Command)(listing.list_names)
app.command("show", cls=_Command)(show.show)
app.command("doctor", cls=_Command)(doctor.doctor)
app.command("demo", cls=_Command)(demo.demo)


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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for file names that are not UTF-8
    announce_compilation(note)
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
