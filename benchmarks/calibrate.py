"""How near calibration comes to the best parameter found with the clean picture.

python benchmarks/calibrate.py [OPERATOR ...]

Pictures that come with scikit-image get noise of known strength: Gaussian with a standard deviation of 5 to 50 of 255, and
that of 30 photons (Poisson); they are cut off to [0, 1]. For each classical denoiser and one parameter of it, `best` is the
PSNR with the value found with the clean picture (a grid of 24, and those of calibration), and the columns after it say what the
values chosen from the noisy picture alone lose: by recorruption (what the word auto does) and by J-invariance.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import numpy as np
from skimage import data

import diptych as dp
from diptych.core.image import FloatImage, from_float, to_float
from diptych.recipes import calibrate, step

CASES: dict[str, tuple[str, list[float]]] = {
    "denoise_nlm": ("strength", list(np.geomspace(0.005, 0.4, 24))),
    "denoise_tv": ("weight", list(np.geomspace(0.005, 0.6, 24))),
    "denoise_wavelet": ("sigma", list(np.geomspace(0.005, 0.4, 24))),
    "denoise_bilateral": ("sigma_color", list(np.geomspace(0.01, 1, 24))),
    "gaussian": ("sigma", list(np.geomspace(0.2, 4, 24))),
    "median": ("size", [1, 3, 5, 7, 9, 11]),
}
PICTURES = ("camera", "astronaut", "coffee", "chelsea")
NOISES = ("5", "10", "15", "25", "35", "50", "Poisson")
PHOTONS = 30


def noisy(clean: FloatImage, noise: str) -> FloatImage:
    """Return the picture with noise, cut off and in 8 bits, as a file would hold it."""
    rng = np.random.default_rng(7)
    values = rng.poisson(PHOTONS * clean) / PHOTONS if noise == "Poisson" else rng.normal(clean, float(noise) / 255)
    levels = from_float(np.clip(values, 0, 1).astype(np.float32), np.dtype(np.uint8))
    return to_float(levels).astype(np.float32)


def psnr(image: FloatImage, clean: FloatImage) -> float:
    """Return the PSNR in dB."""
    return float(-10 * np.log10(np.mean((image.astype(np.float64) - clean) ** 2)))


def rows(name: str) -> Iterator[tuple[str, str, float, float, float, float]]:
    """Yield picture, noise, best PSNR, what both methods lose, and the seconds of the first."""
    parameter, grid = CASES[name]
    for picture in PICTURES:
        clean = to_float(getattr(data, picture)())
        for noise in NOISES:
            image = noisy(clean, noise)
            found, seconds = {}, {}
            for method in ("recorrupted", "invariant"):
                began = time.process_time()
                chosen = calibrate(image, step(name, **{parameter: "auto"}), method=method)  # type: ignore[arg-type]
                seconds[method] = time.process_time() - began
                found[method] = psnr(chosen(image), clean)
            tried = [psnr(dp.step(name, **{parameter: value})(image), clean) for value in grid]
            best = max(*tried, *found.values())
            yield picture, noise, best, best - found["recorrupted"], best - found["invariant"], seconds["recorrupted"]


def main() -> None:
    """Print a table for each denoiser."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("operators", nargs="*", metavar="OPERATOR", help=f"of {', '.join(CASES)}")
    for name in parser.parse_args().operators or CASES:
        print(f"{name} {CASES[name][0]}\n{'picture':10} {'noise':>8} {'best':>7} {'auto':>6} {'invariant':>10}  CPU s")
        lost = []
        for picture, noise, best, auto, invariant, seconds in rows(name):
            lost.append((auto, invariant))
            print(f"{picture:10} {noise:>8} {best:7.2f} {-auto:6.2f} {-invariant:10.2f} {seconds:6.1f}", flush=True)
        mean, worst = np.mean(lost, axis=0), np.max(lost, axis=0)
        within = [int(np.sum(np.asarray(lost)[:, column] <= 0.3)) for column in (0, 1)]
        print(f"{'mean':10} {'':8} {'':7} {-mean[0]:6.2f} {-mean[1]:10.2f}")
        print(f"{'worst':10} {'':8} {'':7} {-worst[0]:6.2f} {-worst[1]:10.2f}")
        print(f"within 0.3 dB: auto {within[0]} of {len(lost)}, invariant {within[1]} of {len(lost)}\n", flush=True)


if __name__ == "__main__":
    main()
