"""Problems whose truth is known, enhancers that solve them well or badly, and faults made on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

import diptych as dp
from diptych.core.color import luma
from diptych.core.image import to_float
from diptych.quality.appearance import mean_quantiles
from diptych.recipes import Recipe, auto, step
from picture_sets import reduced

Floats = NDArray[np.float32]
Enhancer = Callable[[Floats], Floats]

SIDE = 256
SOURCES, TARGETS = 8, 16
CHOOSES = ("lol_dev", "haze", "low_contrast", "noise", "dark", "cast")
REPORTS = ("xray", "real_noise", "lol_eval15", "steel_contrast", "street_haze", "murky_water")


@dataclass(frozen=True, eq=False)
class Problem:
    """Pictures to enhance, what they should look like, and others of the target domain."""

    name: str
    sources: list[Floats]
    targets: list[Floats]
    truth: list[Floats]


def problems(
    root: Path, names: tuple[str, ...] = CHOOSES + REPORTS, *, sources: int = SOURCES, targets: int = TARGETS
) -> Iterator[Problem]:
    """Read or make the problems; those of CHOOSES fit the score, those of REPORTS only show it."""
    for name in names:
        make = _FOUND.get(name) or partial(_made, name)
        yield make(root, sources, targets)


def _spread(paths: list[Path], count: int, offset: float = 0.0) -> list[Path]:
    places = (np.arange(count) + offset) * len(paths) / count
    return [paths[int(place)] for place in places]


def _read(path: Path, *, crop: bool = False) -> Floats:
    image = dp.read(path).pixels
    if crop:
        top, left = ((length - SIDE) // 2 for length in image.shape[:2])
        image = image[top : top + SIDE, left : left + SIDE]
    image = np.asarray(to_float(reduced(image, SIDE)), np.float32)
    return np.ascontiguousarray(image if image.ndim == 3 else image[:, :, np.newaxis])


def _pairs(name: str, low: str, high: str, target: str) -> Callable[[Path, int, int], Problem]:
    def found(root: Path, sources: int, targets: int) -> Problem:
        paths = _spread(sorted((root / low).iterdir()), sources)
        others = sorted((root / target).iterdir())
        wanted = _spread(others, min(targets, len(others)), 0.0)
        truth = [_read(root / high / path.name) for path in paths]
        return Problem(name, [_read(path) for path in paths], [_read(path) for path in wanted], truth)

    return found


def _real_noise(root: Path, sources: int, targets: int) -> Problem:
    folder = root / "domains" / "noise"
    clean = sorted((folder / "clean").iterdir())
    a, b = clean[::2][:sources], clean[1::2][:targets]
    noisy = [_read(folder / "noisy" / path.name, crop=True) for path in a]
    return Problem("real_noise", noisy, [_read(path, crop=True) for path in b], [_read(path, crop=True) for path in a])


_FOUND = {
    "lol_dev": _pairs("lol_dev", "lol/dev/low", "lol/dev/high", "lol/train/normal"),
    "lol_eval15": _pairs("lol_eval15", "lol/eval15/low", "lol/eval15/high", "lol/train/normal"),
    "xray": _pairs("xray", "domains/xray/test/low", "domains/xray/test/high", "domains/xray/train/normal"),
    "real_noise": _real_noise,
}


def _made(name: str, root: Path, sources: int, targets: int) -> Problem:
    folder, spoil = _SPOILT[name]
    paths = [path for path in sorted((root / folder).iterdir()) if path.suffix != ".tsv"]
    chosen = _spread(paths, sources, _OFFSETS.get(name, 0.0))
    truth = [_read(path) for path in chosen]
    others = [path for path in paths if path not in chosen]
    wanted = [_read(path) for path in _spread(others, min(targets, len(others)), 0.5)]
    rng = np.random.default_rng(0)
    return Problem(name, [_rounded(spoil(image, rng)) for image in truth], wanted, truth)


def _rounded(image: Floats) -> Floats:
    """Return what a file of 8 bits keeps."""
    return (np.rint(255 * np.clip(image, 0, 1)) / 255).astype(np.float32)


def _noisy(image: Floats, rng: np.random.Generator, read: float, shot: float = 0.0) -> Floats:
    deviation = np.sqrt(read**2 + shot * np.clip(image, 0, 1))
    return (image + deviation * rng.normal(size=image.shape)).astype(np.float32)


def _haze(image: Floats, rng: np.random.Generator) -> Floats:
    slope = np.linspace(0.3, 0.75, image.shape[0], dtype=np.float32)[:, np.newaxis, np.newaxis]
    air = np.array([0.82, 0.84, 0.88], np.float32)[: image.shape[2]] + np.float32(rng.uniform(-0.05, 0.05))
    return image * slope + air * (1 - slope)


def _low_contrast(image: Floats, rng: np.random.Generator) -> Floats:
    span, level = rng.uniform(0.3, 0.45), rng.uniform(0.2, 0.4)
    return _noisy(level + span * image, rng, 0.006)


def _dark(image: Floats, rng: np.random.Generator) -> Floats:
    light = image**2.2 * 10 ** rng.uniform(-1.2, -0.7)
    return np.clip(_noisy(light, rng, 0.002, 2e-4), 0, 1) ** (1 / 2.2)


def _cast(image: Floats, rng: np.random.Generator) -> Floats:
    gains = np.array([1.0, 0.75, 0.5], np.float32) * np.float32(rng.uniform(0.7, 0.9))
    return _noisy(image * gains, rng, 0.01)


def _murky(image: Floats, rng: np.random.Generator) -> Floats:
    through = np.array([0.3, 0.6, 0.55], np.float32) + np.float32(rng.uniform(-0.08, 0.08))
    soft = gaussian_filter(image, (0.6, 0.6, 0))
    return _noisy(soft * through + np.array([0.05, 0.4, 0.35], np.float32) * (1 - through), rng, 0.005)


_SPOILT: dict[str, tuple[str, Callable[[Floats, np.random.Generator], Floats]]] = {
    "haze": ("free", _haze),
    "low_contrast": ("free2", _low_contrast),
    "noise": ("free", lambda image, rng: _noisy(image, rng, 0.03, 4e-3)),
    "dark": ("free2", _dark),
    "cast": ("free", _cast),
    "steel_contrast": ("domains/steel", _low_contrast),
    "street_haze": ("domains/street/day", _haze),
    "murky_water": ("domains/underwater/good", _murky),
}
_OFFSETS = {"noise": 0.25, "cast": 0.75, "dark": 0.25}  # so that problems of one folder show other pictures


def enhancers(problem: Problem) -> dict[str, Enhancer]:
    """Return what people try, from nothing to the default enhancer."""
    table = mean_quantiles(problem.targets)
    stretch = step("stretch", low=0.5, high=99.5)
    recipes = {
        "untouched": Recipe(),
        "stretch": Recipe(stretch),
        "stretch each, 2 %": Recipe(step("stretch", low=2, high=98, channels="each")),
        "stretch, gamma 0.45": Recipe(stretch, step("gamma", gamma=0.45)),
        "stretch, gamma 0.7": Recipe(stretch, step("gamma", gamma=0.7)),
        "stretch, gamma 1.4": Recipe(stretch, step("gamma", gamma=1.4)),
        "histogram of B": Recipe(step("specify_histogram", quantiles=table, amount=1.0)),
        "half the histogram of B": Recipe(step("specify_histogram", quantiles=table, amount=0.5)),
        "equalize": Recipe(step("equalize")),
        "stretch, clahe": Recipe(stretch, step("clahe", clip_limit=2.0)),
        "denoise": Recipe(step("denoise_nlm")),
        "denoise, stretch": Recipe(step("denoise_nlm"), stretch),
        "denoise, stretch, gamma 0.6": Recipe(step("denoise_nlm"), stretch, step("gamma", gamma=0.6)),
        "too smooth": Recipe(step("gaussian", sigma=2.5), stretch),
        "sharpened": Recipe(stretch, step("unsharp_mask", sigma=1.5, amount=1.5)),
    }
    if problem.sources[0].shape[2] == 3:
        recipes["white balance, stretch"] = Recipe(step("white_balance", amount=1.0), stretch)
        recipes["dehaze"] = Recipe(step("dehaze"))
    found: dict[str, Enhancer] = dict(recipes.items())
    return found | {"auto": auto, "retinex": Recipe(step("retinex_msr"))}


def faults() -> dict[str, Callable[[Floats, np.random.Generator], Floats]]:
    """Return what goes wrong on purpose, done to the truth; grey pictures leave the faults of colour out."""
    return {
        "slight noise": lambda image, rng: _noisy(image, rng, 0.015),
        "noise": lambda image, rng: _noisy(image, rng, 0.05),
        "colour noise": _color_noise,
        "blotches": _blotches,
        "grey": lambda image, rng: 0.8 * luma(image)[:, :, np.newaxis] + 0.2 * image,
        "pale": lambda image, rng: 0.4 * luma(image)[:, :, np.newaxis] + 0.6 * image,
        "yellow": lambda image, rng: image * np.array([1.05, 1.0, 0.8], np.float32)[: image.shape[2]],
        "burnt lights": lambda image, rng: image * 1.5,
        "drowned shadows": lambda image, rng: (image - 0.15) / 0.85,
        "flat": lambda image, rng: 0.25 + 0.5 * image,
        "too bright": lambda image, rng: image**0.6,
        "too dark": lambda image, rng: image**1.6,
        "halos": lambda image, rng: image + 1.0 * (image - gaussian_filter(image, (8, 8, 0))),
        "checkerboard": lambda image, rng: image + 0.03 * _board(image.shape),
        "texture": _texture,
        "inverted": lambda image, rng: 1 - image,
        "inverted colours": lambda image, rng: 2 * luma(image)[:, :, np.newaxis] - image,
        "blur": lambda image, rng: gaussian_filter(image, (1.5, 1.5, 0)),
    }


COLOR_FAULTS = ("colour noise", "grey", "pale", "yellow", "inverted colours")
FAULTS_OF_ENHANCED = ("slight noise", "colour noise", "blotches", "burnt lights", "texture", "pale")
"""Those that are also done to what `auto` makes, as a generator may do them."""


def _color_noise(image: Floats, rng: np.random.Generator) -> Floats:
    noise = rng.normal(size=image.shape)
    return image + 0.08 * (noise - noise @ np.full((3, 3), 1 / 3)).astype(np.float32)


def _blotches(image: Floats, rng: np.random.Generator) -> Floats:
    noise = gaussian_filter(rng.normal(size=image.shape), (6, 6, 0))
    return image + (0.04 / noise.std() * noise).astype(np.float32)


def _board(shape: tuple[int, ...]) -> Floats:
    y, x = np.indices(shape[:2])
    return (1 - 2 * ((y + x) % 2)).astype(np.float32)[:, :, np.newaxis]


def _texture(image: Floats, rng: np.random.Generator) -> Floats:
    noise = rng.normal(size=image.shape[:2])
    stripes = gaussian_filter(noise, (1, 4)) - gaussian_filter(noise, (3, 12))
    return image + (0.05 / stripes.std() * stripes).astype(np.float32)[:, :, np.newaxis]


def _fitted(image: Floats, shape: tuple[int, ...]) -> Floats:
    rows, columns = (np.arange(new) * old // new for new, old in zip(shape[:2], image.shape[:2], strict=True))
    return image[rows[:, np.newaxis], columns]


def candidates(problem: Problem) -> Iterator[tuple[str, list[Floats]]]:
    """Run every enhancer, and make every fault; pictures are clipped and rounded to 8 bits."""
    grey = problem.sources[0].shape[2] == 1
    rng = np.random.default_rng(1)
    best: list[Floats] = []
    for name, enhance in enhancers(problem).items():
        outputs = [_rounded(np.asarray(enhance(image), np.float32)) for image in problem.sources]
        best = outputs if name == "auto" else best
        yield name, outputs
    shapes = [image.shape for image in problem.truth]
    yield "another picture", [_fitted(problem.truth[index - 1], shape) for index, shape in enumerate(shapes)]
    yield "always the same picture", [_fitted(problem.truth[0], shape) for shape in shapes]
    for name, spoil in faults().items():
        if grey and name in COLOR_FAULTS:
            continue
        yield f"truth, {name}", [_rounded(spoil(image, rng)) for image in problem.truth]
        if name in FAULTS_OF_ENHANCED:
            yield f"auto, {name}", [_rounded(spoil(image, rng)) for image in best]
