"""Pictures and folders for the tests of the domain check."""

from __future__ import annotations

import numpy as np

from diptych.core.image import from_float
from diptych.photo import write

HEIGHT, WIDTH = 264, 320


def scene(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Return a picture of smooth ground with some shaded discs and boxes, no two alike; floats."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    image = 0.45 + 0.25 * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5))[..., np.newaxis] * rng.uniform(
        0.5, 1, 3
    )
    for _ in range(rng.integers(5, 10)):
        cy, cx, size, ratio = [*rng.uniform(0, 1, 2), rng.uniform(0.06, 0.3), rng.uniform(0.5, 2)]
        dy, dx = (y - cy) * ratio, x - cx
        inside = np.hypot(dy, dx) < size if rng.random() < 0.5 else np.maximum(abs(dy), abs(dx)) < size
        shade = 1 + 0.5 * (dx * rng.normal() + dy * rng.normal()) / size
        image = np.where(inside[..., np.newaxis], rng.uniform(0.1, 0.8, 3) * shade[..., np.newaxis], image)
    return np.clip(image + rng.normal(0, 0.004, image.shape), 0, 1)


def document(seed: int) -> np.ndarray:
    """Return a page of lines of made-up letters; floats."""
    rng = np.random.default_rng(seed)
    page = np.full((HEIGHT, WIDTH, 3), rng.uniform(0.75, 0.95))
    for top in range(rng.integers(12, 24), HEIGHT - 20, rng.integers(14, 20)):
        line = np.kron(rng.random((4, 70)) < 0.5, np.ones((2, 4)))[:, : rng.integers(160, 280)]
        page[top : top + 8, 16 : 16 + line.shape[1]] -= 0.6 * line[..., np.newaxis]
    return np.clip(page + rng.normal(0, 0.004, page.shape), 0, 1)


def bytes_of(image: np.ndarray) -> np.ndarray:
    return from_float(image, np.dtype(np.uint8))


def night(image: np.ndarray, seed: int) -> np.ndarray:
    """Return the picture dark, noisy and of another colour."""
    rng = np.random.default_rng(seed)
    dark = image**1.6 * rng.uniform(0.12, 0.3) * np.array([1.2, 1.0, 0.7])
    return np.clip(dark + rng.normal(0, 0.03, image.shape), 0, 1)


def write_folders(place, source, target):
    """Write two folders of pictures, given as lists or as dictionaries by file name; return their paths."""
    for name, pictures in (("A", source), ("B", target)):
        (place / name).mkdir()
        named = pictures if isinstance(pictures, dict) else dict(enumerate(pictures))
        for stem, picture in named.items():
            file = str(stem) if "." in str(stem) else f"{name.lower()}{stem}.png"
            write(place / name / file, picture if picture.dtype != np.float64 else bytes_of(picture))
    return place / "A", place / "B"


def found(result, kind):
    """Return the findings of a kind."""
    return [one for one in result.findings if one.kind == kind]


def only(result, kind):
    """Return the one finding of a kind."""
    (one,) = found(result, kind)
    return one
