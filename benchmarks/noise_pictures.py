"""The pictures of ``denoise.py``: pairs, pictures with made noise, and the sheet to look at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

import diptych as dp
from contact_sheet import sheet as arranged
from diptych.runtime import DefaultEnhancer, default_model, packaged_denoiser
from diptych.runtime.corrected import CorrectedPlanner

Picture = NDArray[Any]
KODAK = range(41, 65)
SIGMAS = 5, 15, 25, 50
SIDE, TIMES = 150, 2  # px of a crop of the sheet, and how often each is shown
# Picture, and the left and top of the crop.
CAMERAS = (("03.jpg", 180, 180), ("09.jpg", 180, 180), ("17.jpg", 180, 180))
ROOMS = (0, 14, 27)
MADE = ((47, 15, 300, 200), (60, 25, 260, 180))


def read(path: Path) -> Picture:
    return np.asarray(Pillow.open(path).convert("RGB"))


def saved(picture: Picture, quality: int) -> Picture:
    """Return a picture after JPEG."""
    file = io.BytesIO()
    Pillow.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Pillow.open(file))


def camera_pairs(root: Path, every: int = 1) -> Iterator[tuple[str, Picture, Picture]]:
    folder = root / "domains" / "noise"
    for path in sorted((folder / "noisy").iterdir())[::every]:
        yield path.name, read(path), read(folder / "clean" / path.name)


def room_pairs(root: Path, every: int = 1) -> Iterator[tuple[str, Picture, Picture]]:
    folder = root / "lol" / "dev"
    for path in sorted((folder / "low").iterdir())[::every]:
        yield path.name, read(path), read(next((folder / "high").glob(f"{path.stem}.*")))


def kodak(root: Path, every: int = 1) -> Iterator[tuple[int, Picture]]:
    for number in KODAK[::every]:
        yield number, read(root / "free2" / f"{number:03d}.jpg")


def made(clean: Picture, sigma: float, power: float, seed: int, *, smeared: bool = False) -> Picture:
    """Return a picture with noise of RGB values: white or smeared, the same everywhere or with a variance by brightness."""
    noise = np.random.default_rng(seed).normal(size=clean.shape)
    if smeared:
        noise = gaussian_filter(noise, (0.6, 0.6, 0))
        noise /= noise.std()
    level = sigma * ((clean / 255 + 0.02) / 1.02) ** (power / 2)
    return np.clip(np.rint(clean + level * noise), 0, 255).astype(np.uint8)


def blocks(plane: Picture) -> Picture:
    """Return the blocks of 16 x 16 px as rows."""
    height, width = (side // 16 * 16 for side in plane.shape)
    return plane[:height, :width].reshape(height // 16, 16, width // 16, 16).swapaxes(1, 2).reshape(-1, 256)


def sheet(root: Path, target: Path) -> None:
    """Write crops at 200 %: input, non-local means, denoiser, reference; of rooms after the whole plan."""
    cameras = {name: (noisy, clean) for name, noisy, clean in camera_pairs(root)}
    rows = []
    for name, left, top in CAMERAS:
        noisy, clean = cameras[name]
        rows.append((f"camera {name}", left, top, [noisy, nlm(noisy), packaged_denoiser()(noisy), clean]))
    for number, sigma, left, top in MADE:
        clean = read(root / "free2" / f"{number:03d}.jpg")
        noisy = made(clean, sigma, 0.0, number)
        rows.append((f"{number:03d}, sigma {sigma}", left, top, [noisy, nlm(noisy), packaged_denoiser()(noisy), clean]))
    rules, pairs = CorrectedPlanner(default_model(), name="nlm"), list(room_pairs(root))
    for number in ROOMS:
        name, dark, bright = pairs[number]
        results = [dp.enhance(dark, denoise=-1), rules(dark), DefaultEnhancer()(dark), bright]
        rows.append((f"room {name}", 200, 150, results))
    shown = [(name, [enlarged(one, left, top) for one in pictures]) for name, left, top, pictures in rows]
    arranged(shown, ["input", "non-local means", "denoiser", "reference"], TIMES * SIDE + 4).save(target)


def nlm(noisy: Picture) -> Picture:
    return np.asarray(dp.operators.denoise_photo(noisy, luma="auto", chroma="auto", coarse="auto"))


def enlarged(picture: Picture, left: int, top: int) -> Pillow.Image:
    crop = Pillow.fromarray(picture[top : top + SIDE, left : left + SIDE])
    return crop.resize((TIMES * crop.width, TIMES * crop.height), Pillow.Resampling.NEAREST)
