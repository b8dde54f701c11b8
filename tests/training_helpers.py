"""A toy problem for training: B is clean, A dark, tinted and noisy; no picture of A shows what one of B shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from diptych.photo import write


def clean_picture(draw: np.random.Generator, side: int = 64) -> np.ndarray:
    """Discs and rectangles of any colour before a gradient."""
    y, x = np.mgrid[0:side, 0:side] / side
    colours, angle = draw.uniform(0.2, 0.9, (2, 3)), draw.uniform(0, np.pi)
    share = np.clip((x * np.cos(angle) + y * np.sin(angle) + 0.4) / 1.8, 0, 1)[..., np.newaxis]
    image = colours[0] * (1 - share) + colours[1] * share
    for _ in range(draw.integers(3, 7)):
        (down, right), size, flat = draw.uniform(0, 1, 2), draw.uniform(0.08, 0.3), draw.uniform(0.3, 1)
        disc = (x - right) ** 2 + (y - down) ** 2 < size**2
        box = (abs(x - right) < size) & (abs(y - down) < size * flat)
        image[disc if draw.random() < 0.5 else box] = draw.uniform(0, 1, 3)
    return image.astype(np.float32)


def degraded(image: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Dark, yellow and noisy."""
    dark = image**1.3 * draw.uniform(0.15, 0.3) * np.array([1.0, 0.8, 0.55])
    return np.clip(dark + draw.normal(0, 0.02, image.shape), 0, 1).astype(np.float32)


def write_folders(root: Path, *, count: int, side: int = 64, seed: int = 0) -> tuple[Path, Path]:
    """Write `count` pictures of A and, of other things, of B; return both folders."""
    draw = np.random.default_rng(seed)
    for name in ("A", "B"):
        (root / name).mkdir(parents=True)
        for index in range(count):
            image = clean_picture(draw, side)
            write(root / name / f"{index:03}.png", as_bytes(degraded(image, draw) if name == "A" else image))
    return root / "A", root / "B"


def pairs(count: int, *, side: int = 64, seed: int = 99) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs (degraded, clean) that no training sees."""
    draw = np.random.default_rng(seed)
    images = [clean_picture(draw, side) for _ in range(count)]
    return [(as_bytes(degraded(image, draw)), as_bytes(image)) for image in images]


def as_bytes(image: np.ndarray) -> np.ndarray:
    """Return an image of floats as uint8."""
    return np.rint(image * 255).astype(np.uint8)


def newest(run):
    """Return the newest checkpoint of a run."""
    return sorted(run.checkpoints.iterdir())[-1]
