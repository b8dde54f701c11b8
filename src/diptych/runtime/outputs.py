"""Which output belongs to which input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.photo import FoundPhoto

_VARIANTS = (".darker", ".brighter")
_BESIDE = ".enhanced"


@dataclass(frozen=True)
class Job:
    """One picture to do; `brighter` says how many times the spread of the plan brighter, or darker.

    With a `problem` it is not done but fails, with this reason.
    """

    input: Path
    output: Path
    brighter: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Naming:
    """How outputs are named.

    Attributes
    ----------
    output : str or None
        A file if it has the suffix of a picture, is no folder and there is one input; otherwise a folder, in which the folders
        of the input are kept. Without it a picture is written beside its input.
    form : str or None
        Name of the format to write; by default that of the input, or TIFF for one that is only read.
    suffix : str or None
        What is put after the name of the input, before the ending: ``.enhanced`` beside the inputs, nothing in a folder.
    """

    output: str | None = None
    form: str | None = None
    suffix: str | None = None

    def __post_init__(self) -> None:
        if self.suffix is not None and (not self.suffix or set(self.suffix) & set("/\\\0")):
            raise ParameterError(f"`suffix` is '{self.suffix}', which cannot be in a name; give .bright or -bright")
        if self.form is not None:
            from diptych.photo.formats import by_name

            form = by_name(self.form)
            form.check_written()
            object.__setattr__(self, "form", form.name)

    def of(self, one: FoundPhoto) -> Path:
        """Return the output of an input in a folder, or beside it."""
        target = one.path if self.output is None else Path(self.output) / one.relative
        suffix = (_BESIDE if self.output is None else "") if self.suffix is None else self.suffix
        stem, ending = self._parts(one.path)
        return target.with_name(f"{stem}{suffix}{ending}")

    def _parts(self, path: Path) -> tuple[str, str]:
        """Return the name of an input without its ending, and the ending of its output; by content if that is unusual."""
        from diptych.core.errors import PhotoError
        from diptych.photo import identify, is_readable
        from diptych.photo.formats import written_suffix

        if is_readable(path):
            return path.stem, written_suffix(path, self.form)
        try:
            own = identify(path)
        except PhotoError:  # which is told when it is read
            return path.stem, written_suffix(path, self.form)
        return path.name, written_suffix("", self.form or own)

    def is_output(self, path: Path) -> bool:
        """Tell whether something that lies in an input folder is an output of an earlier run: never an input again."""
        stem = path.stem.removesuffix(_VARIANTS[0]).removesuffix(_VARIANTS[1])
        if stem.endswith((_BESIDE, *([self.suffix] if self.suffix else []))):
            return True
        outputs = [] if self.output is None else [one for _, one in _variants(Path(self.output))]
        return any(path.name == one.name and path.resolve() == one.resolve() for one in outputs)

    def is_file(self, inputs: int) -> bool:
        """Tell whether the output is one file; refuse what cannot be written, or contradicts format and suffix."""
        from diptych.photo import by_suffix, writable_suffixes

        if self.output is None or Path(self.output).is_dir() or self.output.endswith(("/", "\\")):
            return False
        ending, known = Path(self.output).suffix, writable_suffixes()
        if ending.lower() not in known:
            if inputs == 1 and ending:
                raise ParameterError(
                    f"{self.output}: '{ending}' cannot be written; give one of {', '.join(sorted(known))}, "
                    f"or a folder as {self.output}/"
                )
            return False
        if self.suffix is not None:
            raise ParameterError(
                f"`suffix` is for outputs named after their inputs, not for {self.output}; leave it out"
            )
        if self.form not in (None, by_suffix(self.output).name):
            raise ParameterError(f"{self.output} is no {self.form} file; name it so, or leave `format` out")
        return True


def plan_jobs(found: Sequence[FoundPhoto], naming: Naming, *, variants: bool = False) -> list[Job]:
    """Give each input its output, or with `variants` three.

    Of inputs that would write the same file all but the first get a problem; a call whose outputs are inputs is refused. The
    darker and the brighter variant of ``NAME.SUFFIX`` are ``NAME.darker.SUFFIX`` and ``NAME.brighter.SUFFIX``.
    """
    if naming.output is not None and naming.is_file(len(found)):
        if len(found) > 1:
            names = ", ".join(str(one.path) for one in found[:3]) + (", ..." if len(found) > 3 else "")
            raise ParameterError(
                f"{naming.output} is one file and there are {len(found)} inputs ({names}); give a folder"
            )
        jobs = [Job(one.path, Path(naming.output)) for one in found]
    else:
        jobs = [Job(one.path, naming.of(one)) for one in found]
    if variants:
        jobs = [Job(one.input, path, times) for one in jobs for times, path in _variants(one.output)]
    return list(_apart(jobs))


def _variants(path: Path) -> list[tuple[int, Path]]:
    darker, brighter = (path.with_name(f"{path.stem}{name}{path.suffix}") for name in _VARIANTS)
    return [(-1, darker), (0, path), (1, brighter)]


def _apart(jobs: Sequence[Job]) -> Iterator[Job]:
    inputs = {job.input.resolve() for job in jobs}
    seen: dict[Path, Path] = {}
    for job in jobs:
        target = job.output.resolve()
        if target in inputs:
            raise ParameterError(f"{job.output} is an input as well; choose another output")
        first = seen.setdefault(target, job.input)
        problem = f"{job.input}: {first} goes to {job.output} as well, and was first; run them apart"
        yield job if first is job.input else replace(job, problem=problem)
