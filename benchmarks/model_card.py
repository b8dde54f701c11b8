"""The figures of the model card: what a low-light model does to pairs, to good photographs, and to clean ones made dark.

    python benchmarks/model_card.py MODEL.onnx PAIRS_LOW PAIRS_HIGH GOOD [DARK ...]

Pairs are files of the same names; GOOD is a folder of good photographs; each DARK is a folder of dark ones without references,
whose NIQE is compared with that of the input and of the recipe `auto`. Nothing is chosen here.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from skimage.color import rgb2lab

import diptych as dp
from diptych.core.color import luma
from diptych.core.enhancer import Enhancer
from diptych.core.image import Image, to_float
from diptych.evaluation import evaluate
from diptych.metrics import psnr
from diptych.photo import find_photos
from diptych.recipes import catalogue
from diptych.runtime import DefaultEnhancer


def chroma(image: Image) -> float:
    """Return the mean CIELAB chroma."""
    lab = rgb2lab(to_float(image))
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def gradient_energy(image: Image) -> float:
    light = luma(to_float(image))
    return float((np.diff(light, axis=0) ** 2).mean() + (np.diff(light, axis=1) ** 2).mean())


def read_all(folder: Path, most: int | None = None) -> dict[str, Image]:
    found = [one.path for one in find_photos([str(folder)])]
    chosen = found if most is None else found[:: max(1, len(found) // most)][:most]
    pixels = {path.stem: dp.read(path).pixels for path in chosen}
    return {name: image for name, image in pixels.items() if image.ndim == 3 and image.shape[2] == 3}


def darkened(image: Image) -> Image:
    """Return a good photograph with a tenth of the light, without noise, in 16 bits."""
    light = to_float(image).astype(np.float64) ** 2.2 * 0.1
    return np.rint(65535 * light ** (1 / 2.2)).astype(np.uint16)


def on_pairs(model: Enhancer, low: Path, high: Path) -> None:
    lows, highs = read_all(low), read_all(high)
    results = {name: model(image) for name, image in lows.items()}
    got, wanted = (np.mean([chroma(images[name]) for name in lows]) for images in (results, highs))
    print(f"mean chroma {got:.2f}, of the references {wanted:.2f}: {100 * (got / wanted - 1):+.1f} %")
    kept = [psnr(model(image), image) for image in highs.values()]
    print(f"the references as input: PSNR to themselves {np.mean(kept):.2f} dB (least {min(kept):.2f})")


def on_good(model: Enhancer, folder: Path) -> None:
    ratios, kept = [], []
    for image in read_all(folder, most=40).values():
        restored = model(darkened(image))
        ratios.append(gradient_energy(restored) / gradient_energy(image))
        kept.append(psnr(model(image), image))
    print(
        f"darkened without noise and restored: gradient energy {np.mean(ratios):.3f} of the original's "
        f"(median {np.median(ratios):.3f}, {len(ratios)} photographs)"
    )
    print(f"good photographs as input: PSNR to themselves {np.mean(kept):.2f} dB (least {min(kept):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("low", type=Path)
    parser.add_argument("high", type=Path)
    parser.add_argument("good", type=Path)
    parser.add_argument("dark", type=Path, nargs="*")
    given = parser.parse_args()
    model, fast = (DefaultEnhancer(source=given.model, profile=profile) for profile in ("best", "fast"))
    entries = {"input": None, "auto": catalogue.find("auto"), "fast": fast, "best": model}
    print(evaluate(entries, given.low, references=given.high, metrics=["psnr", "ssim", "niqe"]).to_markdown())
    on_pairs(model, given.low, given.high)
    on_good(model, given.good)
    for folder in given.dark:
        print(f"\n## {folder.name}\n")
        print(evaluate(entries, folder, metrics=["niqe"]).to_markdown(), flush=True)


if __name__ == "__main__":
    main()
