"""The errors Diptych raises. Each is also a builtin, and each says what to do next.

DiptychError
├── ImageError (ValueError)             an array breaks the image contract
├── ParameterError (ValueError)         a parameter is out of its bounds, unknown or missing
├── UnknownNameError (LookupError)      no operator, recipe or model has this name
├── RecipeError (ValueError)            a recipe file is malformed or from a newer version
├── DataError (ValueError)              a folder of pictures is not fit for training
├── TrainingError (ValueError)          a training run cannot be started, continued or read
├── PhotoError (OSError)                a picture file cannot be read or written
│   ├── PhotoFormatError                its bytes are not a picture that Diptych reads
│   ├── PhotoTooLargeError              it has more pixels than the limit
│   └── PhotoExistsError                the output exists already
├── BundleError (ValueError)            a model file is damaged, foreign, unsafe or from a newer version
└── MissingExtraError (ImportError)     an optional dependency is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DiptychError(Exception):
    """Base class of every error that Diptych raises on purpose."""

    def __str__(self) -> str:
        # OSError and KeyError would print their arguments in their own ways.
        return str(self.args[0]) if self.args else ""


class ImageError(DiptychError, ValueError):
    """An array breaks the image contract (shape, dtype, range, NaN)."""


class ParameterError(DiptychError, ValueError):
    """A parameter is out of its bounds, of the wrong type, unknown or missing."""


class UnknownNameError(DiptychError, LookupError):
    """No operator, recipe or model has this name."""


class RecipeError(DiptychError, ValueError):
    """A recipe file is malformed, has unknown keys, or comes from a newer version."""


class DataError(DiptychError, ValueError):
    """A folder of pictures is not fit for training: missing, too small, or too much of it cannot be read."""


class TrainingError(DiptychError, ValueError):
    """A training run cannot be started, continued or read."""


class PhotoError(DiptychError, OSError):
    """A picture file cannot be read or written; the message names the file."""


class PhotoFormatError(PhotoError):
    """The bytes of the file are not a picture that Diptych reads."""


class PhotoTooLargeError(PhotoError):
    """The picture has more pixels than the limit allows: `pixels`, where its header says how many."""

    pixels: int | None = None


class PhotoExistsError(PhotoError):
    """The output file exists already and overwriting was not asked for."""


class BundleError(DiptychError, ValueError):
    """A model file is damaged, not made by Diptych, unsafe or from a newer version; the message names the file."""


class MissingExtraError(DiptychError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it."""


RENAMED = {
    "exposure": "develop",
    "render": "planner",
    "unpaired": "cyclegan",
    "every": "eval_every",
    "keep": "keep_checkpoints",
    "average": "ema_decay",
    "decay": "lr_decay_fraction",
    "fit": "calibration_steps",
    "masked": "mask_ratio",
}
"""Names of 0.1, and what they are called now."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or what there is to choose from."""
    names = sorted(known)
    if RENAMED.get(name) in names:
        return f"; since 0.2 that is '{RENAMED[name]}'"
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
