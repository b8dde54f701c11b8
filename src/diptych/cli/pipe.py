"""``diptych enhance - -o -``: a picture from standard input, or to standard output."""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from diptych.cli.outcomes import spoken
from diptych.cli.progress import note
from diptych.core.errors import ParameterError, PhotoError, PhotoTooLargeError

if TYPE_CHECKING:
    from diptych.runtime.batch import Batch, Result
    from diptych.runtime.outputs import Naming

PIPE = "-"
_NAME, _RESULT = "standard input", "standard output"


def is_pipe(inputs: list[str], output: str | None) -> bool:
    """Return whether a picture comes from standard input, or goes to standard output."""
    return PIPE in (*inputs, output)


def check_pipe(inputs: list[str], output: str | None, never: dict[str, bool]) -> None:
    """Refuse what a pipe cannot do."""
    if not is_pipe(inputs, output):
        return
    if given := [option for option, value in never.items() if value]:
        raise ParameterError(f"{given[0]} is not for standard input and output; leave it out")
    if len(inputs) > 1:
        raise ParameterError("standard input and output are for one picture; give one input")
    if output in (None, PIPE) and sys.stdout.isatty():
        raise ParameterError("the result would go to the terminal; send it to a file or a program, or give -o FILE")
    if inputs == [PIPE] and sys.stdin.isatty():
        raise ParameterError("nothing comes from standard input; send a picture to it, or name a file")


def enhance_pipe(batch: Batch, inputs: list[str], naming: Naming, quiet: bool) -> list[Result]:
    """Enhance the one picture and return what became of it."""
    from diptych.runtime.batch import Result
    from diptych.runtime.outputs import Job

    with tempfile.TemporaryDirectory(prefix="diptych-") as folder:
        source = Path(folder) / "input" if inputs == [PIPE] else Path(inputs[0])
        target = Path(folder) / "output"
        to_stream = naming.output in (None, PIPE)
        try:
            if inputs == [PIPE]:
                with source.open("wb") as file:
                    _received(sys.stdin.buffer, file, 8 * batch.max_pixels + (64 << 20))
            target = _target(source, Path(folder), naming) if to_stream else Path(str(naming.output))
            result = spoken(next(batch.run([Job(source, target)])))
        except PhotoError as error:
            result = Result(str(source), str(target), "failed", str(error), 0.0)
        names = {str(source): _NAME} if inputs == [PIPE] else {}
        names |= {str(target): _RESULT} if to_stream else {}
        result = replace(
            result,
            input=names.get(str(source), str(source)),
            output=names.get(str(target), str(target)),
            reason=_renamed(result.reason, names),
        )
        if result.status == "done" and to_stream:
            with target.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    if result.status == "failed":
        note(f"failed: {result.reason}")
    for text in () if quiet else result.notes:
        note(f"note: {result.input}: {text}")
    return [result]


def _target(source: Path, folder: Path, naming: Naming) -> Path:
    """Return a name in the folder whose ending says the format: that which is asked for, or that of the picture."""
    from diptych.photo import identify, written_suffix
    from diptych.photo.formats import by_name

    own = by_name(identify(source)).suffixes[0]
    return folder / f"output{written_suffix(Path(f'x{own}'), naming.form)}"


def _received(stream: BinaryIO, file: BinaryIO, most: int) -> None:
    length = 0
    while piece := stream.read(1 << 20):
        length += len(piece)
        if length > most:
            raise PhotoTooLargeError(f"{_NAME}: is too long for --max-pixels; raise it")
        file.write(piece)


def _renamed(text: str, names: dict[str, str]) -> str:
    for path, name in names.items():
        text = text.replace(path, name)
    return text
