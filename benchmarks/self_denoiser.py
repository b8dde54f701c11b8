"""A denoiser learned from noisy pictures alone, beside calibrated non-local means.

python benchmarks/self_denoiser.py FOLDER [--steps N] [--sigma 25]

Makes noisy pictures of scikit-image's natural ones in FOLDER/noisy, trains the preset `denoiser` on these, and prints the PSNR
of each picture: noisy, non-local means with the parameters that calibration chooses from the noisy picture (strength, and the
best of six pairs of patch and search), the same with the strength that is best by the clean picture, and the learned denoiser.
A run that is there already is gone on with, or only scored if it is complete.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from skimage import data

import diptych as dp
from diptych.core.image import FloatImage, Image, from_float, to_float
from diptych.recipes import Step, calibrate, step

PATCHES, SEARCHES = (3, 5, 7), (13, 21)


def pictures() -> dict[str, FloatImage]:
    """Return the natural colour pictures of scikit-image that come with it."""
    left, right, _ = data.stereo_motorcycle()
    found = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    return {name: to_float(image) for name, image in (found | {"motorcycle": left, "motorcycle_right": right}).items()}


def noisy(clean: FloatImage, sigma: float, seed: int) -> Image:
    """Return the picture with white noise, in 8 bits."""
    noise = np.random.default_rng(seed).normal(0, sigma / 255, clean.shape)
    return from_float(np.clip(clean + noise, 0, 1).astype(np.float32), np.dtype(np.uint8))


def psnr(image: Image, clean: FloatImage) -> float:
    """Return the PSNR of a picture in dB."""
    return float(dp.metrics.psnr(to_float(image).astype(np.float32), clean.astype(np.float32)))


def calibrated(image: Image) -> Step:
    """Return non-local means as calibration sets it."""
    auto = step("denoise_nlm", strength="auto")
    return calibrate(image, auto, parameters={"patch": PATCHES, "search": SEARCHES})


def best(image: Image, clean: FloatImage) -> float:
    """Return the PSNR of the best non-local means of the same families, chosen with the clean picture."""
    steps = (
        step("denoise_nlm", strength=float(strength), patch=patch, search=search)
        for strength in np.geomspace(0.03, 0.2, 10)
        for patch in PATCHES
        for search in SEARCHES
    )
    return max(psnr(one(image), clean) for one in steps)


def trained(folder: Path, steps: int | None) -> dp.Enhancer:
    """Train the denoiser on FOLDER/noisy, or go on, or load what is there."""
    from diptych.training import load_generator, preset, train

    config = preset("denoiser")
    config = replace(config, steps=steps or config.steps, device="cpu")
    out = folder / "run"
    if not (out / "best.safetensors").exists() or not (out / "report.html").exists():
        train(config, source=folder / "noisy", out=out, resume=out.exists())
    return load_generator(out)


def main() -> None:
    """Make, train, score."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--sigma", type=float, default=25.0)
    asked = parser.parse_args()
    (asked.folder / "noisy").mkdir(parents=True, exist_ok=True)
    shown = {}
    for seed, (name, clean) in enumerate(pictures().items()):
        shown[name] = noisy(clean, asked.sigma, seed), clean
        dp.write(asked.folder / "noisy" / f"{name}.png", shown[name][0], overwrite=True)
    learned = trained(asked.folder, asked.steps)
    rows = []
    print(f"{'picture':18} {'noisy':>6} {'calibrated NLM':>15} {'best NLM':>9} {'learned':>8}  chosen")
    for name, (image, clean) in shown.items():
        chosen = calibrated(image)
        result = learned(image)
        dp.write(asked.folder / f"{name}.learned.png", result, overwrite=True)
        dp.write(asked.folder / f"{name}.nlm.png", chosen(image), overwrite=True)
        row = [psnr(image, clean), psnr(chosen(image), clean), best(image, clean), psnr(result, clean)]
        rows.append(row)
        print(f"{name:18} {row[0]:6.2f} {row[1]:15.2f} {row[2]:9.2f} {row[3]:8.2f}  {chosen}", flush=True)
    mean = np.mean(rows, axis=0)
    print(f"{'mean':18} {mean[0]:6.2f} {mean[1]:15.2f} {mean[2]:9.2f} {mean[3]:8.2f}  {mean[3] - mean[1]:+.2f} dB")


if __name__ == "__main__":
    main()
