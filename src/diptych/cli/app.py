"""The command-line application: its commands, and the conversion of errors to exit codes.

Exit codes: 0 success; 1 some inputs failed (each is named) and the rest are done; 2 the call was invalid and nothing was
written; 130 interrupted.
"""

from __future__ import annotations

import io
import re
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
    watch,
)
from diptych.cli.arguments import fold_operators, in_options, without_types
from diptych.cli.compilation import announce_compilation
from diptych.cli.interrupt import interruptible
from diptych.cli.progress import note
from diptych.core.errors import DiptychError, ParameterError


class _Command(TyperCommand):
    """A command whose flags have no type in the help, as they take no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, ``--help`` among them."""
        return without_types(super().get_params(ctx))

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence, whole: it is wrapped, not cut off."""
        return super().get_short_help_str(limit=1000)


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
    rich_markup_mode=None,  # markup would swallow all that stands in square brackets
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command("enhance", cls=_Command)(enhance.enhance)
app.command("watch", cls=_Command)(watch.watch)
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


_UsageError: Any = typer.BadParameter.__bases__[0]  # the base of all wrong calls, which Typer does not export
_BETTER = {
    "Value error, ": "",
    ": Input should be ": ": give a value ",
    r"a valid (\w+), unable to parse string as an? \w+": r"that is of type \1",
    r"\. Choose from: ": "; give one of ",
    r" \(Possible options: (.*)\)": r"; did you mean \1?",
    r"\. Did you mean": "; did you mean",
}
"""Phrases of Typer and Pydantic, and how Diptych puts it."""


def _usage_line(error: Any) -> str:
    """Return the line that says what is wrong with a call, and where to look."""
    text = " ".join(error.format_message().split()).rstrip(".")
    for pattern, better in _BETTER.items():
        text = re.sub(pattern, better, text)
    command = error.ctx.command_path if error.ctx else "diptych"
    return f"diptych: {text[:1].lower()}{text[1:]}" + ("" if text.endswith("?") else f"; see {command} --help")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for file names that are not UTF-8
    announce_compilation(note)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with interruptible():
            if "" in given:  # a path that is empty would be the current folder
                raise ParameterError(
                    "an argument is empty, as an unset shell variable is; give a value, or leave it out"
                )
            sys.exit(app(args=fold_operators(given), prog_name="diptych", standalone_mode=False))
    except _UsageError as error:
        if given:
            note(_usage_line(error))
        else:
            error.show()
        sys.exit(2)
    except DiptychError as error:
        note(f"diptych: {in_options(str(error))}")
        sys.exit(2)
    except OSError as error:  # of the standard output, most likely: files have their own errors
        note(f"diptych: cannot write ({error.strerror or error}); free some space, or write elsewhere")
        sys.exit(2)
