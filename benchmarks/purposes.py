"""The recipes of ``diptych enhance --for`` on real pictures: what they were tuned on, and what they are reported on.

Of each folder every other picture (the first, the third, ...) was for choosing, the others report.

    python benchmarks/purposes.py DOMAINS
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab

import diptych as dp
from diptych.core.image import Image, to_float
from diptych.metrics import psnr, ssim
from diptych.photo import read
from diptych.recipes import Recipe, catalogue, step

Enhance = Callable[[Image], Image]


def reporting(folder: Path) -> list[Path]:
    """Return the pictures that nothing was chosen by."""
    return sorted(folder.iterdir())[1::2]


def candidates(name: str, **others: Enhance) -> dict[str, Enhance]:
    """Return the input as it is, other ways, and the recipe of a name."""
    return {"input": lambda image: image, **others, name: catalogue.find(name)}


def uciqe(image: Image) -> float:
    """Return UCIQE (Yang and Sowmya, IEEE TIP 2015): chroma, contrast and saturation; higher is better."""
    lab = rgb2lab(to_float(image)).astype(np.float64) / 100
    chroma, light = np.hypot(lab[..., 1], lab[..., 2]), lab[..., 0]
    contrast = np.diff(np.percentile(light, [1, 99]))[0]
    saturation = np.mean(chroma / np.maximum(np.hypot(chroma, light), 1e-6))
    return float(0.4680 * chroma.std() + 0.2745 * contrast + 0.2576 * saturation)


def clipped(image: Image) -> float:
    """Return the share of the channels' values that are black or white, in percent."""
    return float(100 * np.mean((image == 0) | (image == 255)))


def sky_colour(image: Image, sky: NDArray[np.bool_]) -> float:
    """Return the 95th percentile of how far two neighbouring 4 x 4 px of a sky differ in colour (CIELAB a, b)."""
    lab = rgb2lab(to_float(image))[..., 1:]
    areas = lab[: lab.shape[0] // 4 * 4, : lab.shape[1] // 4 * 4].reshape(lab.shape[0] // 4, 4, -1, 4, 2).mean((1, 3))
    inside = sky[2::4, 2::4][: areas.shape[0], : areas.shape[1]]
    steps = np.hypot(*np.moveaxis(np.diff(areas, axis=1), 2, 0))[inside[:, 1:]]
    return float(np.percentile(steps, 95)) if steps.size else 0.0


def haziest(image: Image) -> NDArray[np.bool_]:
    """Return where the tenth of a picture is that is haziest by its dark channel, in most pictures the sky."""
    dark = ndimage.minimum_filter(image.min(axis=2), 15)
    return np.asarray(dark >= np.percentile(dark, 90))


def xray(root: Path) -> Iterator[str]:
    """Yield decibels and SSIM on pairs."""
    for name, enhance in candidates("xray", auto=dp.auto).items():
        found = []
        for path in reporting(root / "xray/test/low"):
            made, wanted = enhance(read(path).pixels), read(root / "xray/test/high" / path.name).pixels
            found.append((psnr(made, wanted), ssim(made, wanted)))
        yield "{:14} {:.2f} dB  SSIM {:.3f}".format(name, *np.mean(found, axis=0))


def underwater(root: Path) -> Iterator[str]:
    """Yield UCIQE and what is clipped."""
    each = Recipe(step("white_balance"), step("stretch", channels="each"))
    for name, enhance in candidates("underwater", each=each, auto=dp.auto).items():
        made = [enhance(read(path).pixels) for path in reporting(root / "underwater/poor")]
        yield f"{name:14} UCIQE {np.mean([*map(uciqe, made)]):.3f}  clipped {np.mean([*map(clipped, made)]):.2f} %"


def haze(root: Path) -> Iterator[str]:
    """Yield how much colours vary in the sky, the contrast of the rest, and what is clipped."""
    images = [read(path).pixels for path in reporting(root / "haze")]
    images = [image for image in images if image.ndim == 3]
    for name, enhance in candidates("haze", dehaze=dp.operators.dehaze, auto=dp.auto).items():
        found = []
        for image in images:
            made, sky = enhance(image), haziest(image)
            contrast = to_float(made).mean(axis=2)[~sky].std()
            found.append((sky_colour(made, sky), contrast, clipped(made)))
        yield "{:14} colour of skies {:.2f}  contrast below {:.3f}  clipped {:.2f} %".format(
            name, *np.mean(found, axis=0)
        )


if __name__ == "__main__":
    for report in (xray, underwater, haze):
        print(report.__name__)
        for line in report(Path(sys.argv[1])):
            print("  " + line, flush=True)
