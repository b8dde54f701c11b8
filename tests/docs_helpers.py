"""The blocks of code in the documentation, and a folder in which they can be run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.runtime import default_model
from training_helpers import clean_picture, degraded
from video_helpers import write_video

ROOT = Path(__file__).resolve().parents[1]

KINDS = {
    "sh": "commands that every test run executes",
    "sh heavy": "commands that `make docs-check` executes: trainings, exports, the service",
    "sh other": "commands for another machine or service, or refused where they gain nothing; their options are checked",
    "python": "code that every test run executes",
    "python heavy": "code that `make docs-check` executes",
    "python other": "code that is compiled only",
    "text": "a synopsis, or what a program prints",
    "toml": "a file",
}

# So that the trainings of the documentation take seconds: what is typed is otherwise as it is written there.
SMALL = {"steps": 2, "eval_every": 2, "batch": 1, "crop": 32, "workers": 0}

_FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    number: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"

    def commands(self) -> list[str]:
        """Return the commands of the block, continued lines joined."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if shlex.split(line, comments=True)]


def pages() -> list[Path]:
    """Return the pages with commands for users and contributors."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(*kinds: str) -> list[Block]:
    """Return the blocks of the documentation, of some kinds or all."""
    found = [
        Block(str(page.relative_to(ROOT)), number, match[1].strip(), match[2])
        for page in pages()
        for number, match in enumerate(_FENCE.finditer(page.read_text("utf-8")), 1)
    ]
    return [one for one in found if not kinds or one.kind in kinds]


def words_of(command: str) -> Iterator[list[str]]:
    """Yield the words of each program in a line, without settings of variables and redirections."""
    words: list[str] = []
    command = re.sub(r"\$\(.*?\)", "value", command)
    for word in [*shlex.split(command, comments=True), ";"]:
        if word in ("|", "&&", ";"):
            yield [one for one in words if not re.fullmatch(r"[A-Z_]+=.*", one)] if words else []
            words = []
        elif word == ">":
            words.append(word)
        elif words[-1:] == [">"]:
            words.pop()
        else:
            words.append(word)


_FOLDERS = (
    *("holiday", "dark", "bright", "good", "noisy", "photos", "pictures", "hazy", "clear", "done"),
    *("results", "truth", "my_photos", "my_good_photos"),
)


def make_desk(folder: Path) -> Path:
    """Write the pictures and files that the documentation speaks of; return the folder."""
    draw = np.random.default_rng(0)
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
        for index in range(5):
            image = clean_picture(draw, 96)
            shared = name in ("results", "truth", "my_photos", "my_good_photos")
            low = name in ("holiday", "dark", "noisy", "hazy", "results", "my_photos", "photos", "done")
            stem = f"{index}" if shared else f"{name}{index}"
            dp.write(folder / name / f"{stem}.png", _bytes(degraded(image, draw) if low else image))
    picture = _bytes(degraded(clean_picture(draw, 96), draw))
    scans, photos = (
        ("scan.tif", "night.tif", "any.tif", "slide.tif"),
        ("night.jpg", "dive.jpg", "photo.jpg", "dark.jpg"),
    )
    for name in (*scans, *photos, "noisy.png"):
        dp.write(folder / name, picture)
    write_video(folder / "clip.mp4", [picture] * 3)
    for name in ("night.onnx", "evening.onnx"):
        shutil.copy(default_model(), folder / name)
    return folder


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(255 * image).astype(np.uint8)


def make_shim(folder: Path) -> Path:
    """Write a program `diptych` that keeps trainings small, and return its folder."""
    folder.mkdir()
    shim = folder / "diptych"
    settings = [f"--set={name}={value}" for name, value in SMALL.items()]
    shim.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "from diptych.cli.app import main\n"
        "arguments = sys.argv[1:]\n"
        "if '--minutes' in arguments:\n"
        "    arguments[arguments.index('--minutes') + 1] = '0.05'\n"
        f"small = {settings!r}\n"
        "if __name__ == '__main__':  # a process that the command starts imports this file as well\n"
        "    main(arguments + small if arguments[:1] == ['train'] else arguments)\n"
    )
    shim.chmod(0o755)
    return folder


def environment(shim: Path) -> dict[str, str]:
    """Return the variables that the commands run with."""
    path = os.pathsep.join([str(shim), str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src"), "DIPTYCH_THREADS": "1", "OMP_NUM_THREADS": "1"}


PRELUDE = f"""
import numpy as np
import diptych.training as _training
_preset, small = _training.preset, {SMALL!r}
_training.preset = lambda name: _preset(name).updated(small)
image = picture = np.random.default_rng(0).random((96, 96, 3), np.float32)
"""
"""What comes before the code of a page: its pictures, and trainings that take seconds."""
