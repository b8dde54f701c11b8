"""What the denoiser and the noise model are worth: every figure of docs/denoise.md.

    python benchmarks/denoise.py DATA [--parts cameras,rooms] [--every 1] [--json FILE] [--sheet FILE.png]

DATA holds the pictures that the parts look at (none is in the repository); ``--every 3`` looks at every third. Results join
those that the JSON has, so that parts can be measured one after the other. The parts:

- **cameras**: ``domains/noise`` (crops of PolyU with references): PSNR, and the noise that is found over that of the pairs.
- **rooms**: ``lol/dev`` (pairs) as the default enhancer develops it: without denoising, with non-local means, with the
  denoiser; and the same pictures as JPEGs of quality 92 and 75.
- **made**: Kodak's 24 (``free2/041`` to ``064``) with made noise: the denoiser with the noise measured and with the noise
  known, `denoise_nlm` with the best of three strengths for each picture; the gradient energy that is left.
- **bm3d**: the middle 384 x 384 px of eight of them, white noise, against PyPI's ``bm3d`` (install it; half a minute each).
- **clean**: PSNR to themselves of the 24, of pictures of scikit-image and of ``sets/good.txt`` after the default's denoising.
- **levels**: the noise found over that which was made, before and after JPEG, where the picture is smooth.
- **sizes**: seconds and memory of the step by the size of the picture, each in a new process.

``--sheet`` writes crops of eight pictures at 200 %: input, non-local means, denoiser, reference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data
from skimage.metrics import structural_similarity

import diptych as dp
from diptych.core.color import YCBCR_FROM_RGB
from diptych.core.noise import measure_noise
from diptych.core.noise.model import local_brightness
from diptych.recipes.denoise import ToldNoise
from diptych.runtime import DefaultEnhancer, default_model, packaged_denoiser
from diptych.runtime.corrected import CorrectedPlanner
from noise_pictures import SIGMAS, Picture, blocks, camera_pairs, kodak, made, read, room_pairs, saved, sheet

Figures = dict[str, Any]
CROP, EIGHT = 384, 3  # px; every third of the 24
STRENGTHS = 0.65, 0.8, 1.0  # of `denoise_nlm`, times sigma
SMOOTH = 0.5  # of the blocks, by texture
MEGAPIXELS = 0.3, 1, 4, 12, 24


def psnr(one: Picture, other: Picture) -> float:
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def known(sigma: float, power: float) -> ToldNoise:
    """Return what is told of noise of RGB values that is known: of luma .668 and of the colour differences .661 of it."""
    brightness = np.linspace(0, 1, 17)
    levels = sigma / 255 * ((brightness + 0.02) / 1.02) ** (power / 2)
    return ToldNoise(
        tuple((float(at), 0.668 * float(one), 0.661 * float(one)) for at, one in zip(brightness, levels, strict=True)),
        ((1.0, 1.0), (1.0, 1.0)),
    )


def found_over_true(noisy: Picture, clean: Picture, share: float = SMOOTH) -> tuple[float, float]:
    """Return the noise of luma and of the colour differences that is found, over the true one.

    True is what differs from the clean picture, without the mean of each block of 16 px, in the share of the blocks with the
    least texture in the clean picture: JPEG's damage to texture is no noise, and nothing in the picture alone tells of it.
    """
    model, bright = measure_noise(noisy), local_brightness(noisy.astype(np.float32) / 255)
    luma = blocks((clean @ YCBCR_FROM_RGB.T)[..., 0]).std(axis=1)
    chosen = luma <= np.quantile(luma, share)
    planes = [
        blocks(plane)[chosen] for plane in np.moveaxis((noisy.astype(np.float64) - clean) @ YCBCR_FROM_RGB.T, 2, 0)
    ]
    true = [float(plane.var(axis=1).mean()) for plane in planes]
    found = [float(np.mean((255 * blocks(of(bright))[chosen]) ** 2)) for of in (model.luma, model.chroma)]
    return float(np.sqrt(found[0] / true[0])), float(np.sqrt(found[1] / max((true[1] + true[2]) / 2, 1e-9)))


def gradients(picture: Picture) -> float:
    luma = (picture @ YCBCR_FROM_RGB.T)[..., 0]
    return float((np.diff(luma, axis=0) ** 2).sum() + (np.diff(luma, axis=1) ** 2).sum())


def cameras(root: Path, every: int) -> Figures:
    denoiser, rows, ratios, whole = packaged_denoiser(), [], [], []
    for _, noisy, clean in camera_pairs(root, every):
        nlm = dp.operators.denoise_photo(noisy, luma="auto", chroma="auto", coarse="auto")
        rows.append([psnr(one, clean) for one in (noisy, nlm, denoiser(noisy))])
        ratios.append(found_over_true(noisy, clean))
        whole.append(found_over_true(noisy, clean, 1.0)[0])
    ratio = np.array(ratios)[:, 0]
    return {
        "pictures": len(rows),
        **dict(zip(("noisy, dB", "denoise_photo auto, dB", "denoise, dB"), means(rows), strict=True)),
        "luma found over true, median": round(float(np.median(ratio)), 2),
        "within 20 %": f"{int((abs(ratio - 1) < 0.2).sum())} of {len(ratio)}",
        "luma found over true, texture too, median": round(float(np.median(whole)), 2),
    }


def rooms(root: Path, every: int) -> Figures:
    rules = CorrectedPlanner(default_model(), name="nlm")
    enhancers: dict[str, Callable[[Picture], Picture]] = {
        "without denoising": lambda dark: dp.enhance(dark, denoise=-1),
        "non-local means": rules,
        "denoiser": DefaultEnhancer(),
    }
    found: Figures = {}
    for name, enhance in enhancers.items():
        rows = [fidelity(enhance(dark), bright) for _, dark, bright in room_pairs(root, every)]
        found[name] = dict(zip(("PSNR, dB", "SSIM"), means(rows, 3), strict=True))
    for quality in (92, 75):
        rows = [
            fidelity(DefaultEnhancer()(saved(dark, quality)), bright) for _, dark, bright in room_pairs(root, every)
        ]
        found[f"denoiser, JPEG {quality}"] = dict(zip(("PSNR, dB", "SSIM"), means(rows, 3), strict=True))
    return found


def fidelity(result: Picture, reference: Picture) -> list[float]:
    return [psnr(result, reference), float(structural_similarity(result, reference, channel_axis=2, data_range=255))]


def made_noise(root: Path, every: int) -> Figures:
    denoiser, found = packaged_denoiser(), {}
    for power, word in ((0.0, "white"), (1.0, "by brightness")):
        for sigma in SIGMAS:
            rows = []
            for number, clean in kodak(root, every):
                noisy = made(clean, sigma, power, number)
                told = known(sigma, power)
                results = [denoiser.denoise(noisy, told), denoiser(noisy)]
                level = sigma / 255 * (0.75 if power else 1)
                best = max(psnr(dp.operators.denoise_nlm(noisy, strength=s * level), clean) for s in STRENGTHS)
                kept = [gradients(one) / gradients(clean) for one in results]
                rows.append(
                    [psnr(noisy, clean), best, psnr(results[1], clean), psnr(results[0], clean), kept[1], kept[0]]
                )
            names = "noisy", "denoise_nlm", "denoise", "denoise, noise known", "gradients left", "gradients left, known"
            found["pictures"] = len(rows)
            found[f"{word}, {sigma}"] = dict(zip(names, means(rows), strict=True))
    return found


def bm3d(root: Path, every: int) -> Figures:
    from bm3d import bm3d_rgb

    found = {}
    for sigma in SIGMAS:
        rows = []
        for number, clean in kodak(root, EIGHT * every):
            top, left = ((side - CROP) // 2 for side in clean.shape[:2])
            part = (slice(top, top + CROP), slice(left, left + CROP))
            noisy = made(clean, sigma, 0.0, number)[part]
            theirs = np.clip(bm3d_rgb(noisy / 255, sigma / 255), 0, 1)
            rows.append(
                [
                    psnr(255 * theirs, clean[part]),
                    psnr(packaged_denoiser().denoise(noisy, known(sigma, 0)), clean[part]),
                ]
            )
        found[f"white, {sigma}"] = dict(zip(("bm3d, dB", "denoise, noise known, dB"), means(rows), strict=True))
    return found


def clean_pictures(root: Path, every: int) -> Figures:
    names = ("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry")
    listed = (Path(__file__).parent / "sets" / "good.txt").read_text().splitlines()
    good = [line for line in listed if line and not line.startswith("#")][:: 6 * every]
    sets: dict[str, Iterator[tuple[str, Picture]]] = {
        "Kodak": ((f"{number:03d}", clean) for number, clean in kodak(root, every)),
        "scikit-image": ((name, np.ascontiguousarray(getattr(data, name)()[..., :3])) for name in names),
        "good.txt": ((name, read(root / name)) for name in good if (root / name).is_file()),
    }
    found = {}
    for title, pictures in sets.items():
        kept = {name: psnr(DefaultEnhancer().plan(clean).denoising(clean), clean) for name, clean in pictures}
        worst = min(kept, key=lambda name: kept[name])
        found[title] = {
            "pictures": len(kept),
            "unchanged": int(sum(np.isinf(value) for value in kept.values())),
            "least, dB": round(kept[worst], 1) if np.isfinite(kept[worst]) else "identical",
            "which": worst,
        }
    return found


def levels(root: Path, every: int) -> Figures:
    found: Figures = {}
    for quality in (None, 95, 80, 60):
        for kind in ("white", "correlated", "by brightness"):
            for sigma in (2, 5, 15, 50):
                ratios = []
                for number, clean in kodak(root, EIGHT * every):
                    noisy = made(clean, sigma, float(kind == "by brightness"), number, smeared=kind == "correlated")
                    ratios.append(found_over_true(noisy if quality is None else saved(noisy, quality), clean)[0])
                row = found.setdefault(f"{kind}, {f'JPEG {quality}' if quality else 'no JPEG'}", {})
                row[f"{sigma}"] = [round(float(one), 2) for one in (np.median(ratios), min(ratios), max(ratios))]
    return found


def sizes(root: Path, every: int) -> Figures:
    found = {}
    for size in MEGAPIXELS:
        command = [sys.executable, __file__, str(root), "--of-size", str(size)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        found[f"{size:g} megapixels"] = json.loads(told.stdout)
    return found


def of_size(megapixels: float) -> Figures:
    from photo_speed import photo

    tiled = np.tile(photo(), (2, 2, 1))
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    picture = tiled[: round(0.75 * width), :width].copy()
    del tiled
    denoiser, told = packaged_denoiser(), known(3, 0)
    denoiser.denoise(picture[:64, :64], told)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew
    before, found = resident("VmRSS"), []
    for _ in range(4):
        started, busy = time.perf_counter(), time.process_time()
        denoiser.denoise(picture, told)
        found.append((time.perf_counter() - started, time.process_time() - busy))
    seconds, processor = (round(min(one), 3) for one in zip(*found[1:], strict=True))
    return {"seconds": seconds, "of all cores": processor, "MiB more, result included": resident("VmHWM") - before}


def resident(name: str) -> int:
    """Return a line of what Linux tells of the memory of this process, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))


def means(rows: list[list[float]], digits: int = 2) -> list[float]:
    return [round(float(one), digits) for one in np.mean(rows, axis=0)]


PARTS: dict[str, Callable[[Path, int], Figures]] = {
    "cameras": cameras,
    "rooms": rooms,
    "made": made_noise,
    "bm3d": bm3d,
    "clean": clean_pictures,
    "levels": levels,
    "sizes": sizes,
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--parts", default=",".join(name for name in PARTS if name != "bm3d"))
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--of-size", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of_size:
        print(json.dumps(of_size(given.of_size)))
        return
    if given.sheet:
        sheet(given.data, given.sheet)
    results = json.loads(given.json.read_text()) if given.json and given.json.exists() else {}
    for part in filter(None, given.parts.split(",")):
        results[part] = PARTS[part](given.data, given.every)
        print(part, json.dumps(results[part], indent=1), flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
