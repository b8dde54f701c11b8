"""PSNR and SSIM of a folder of enhanced pictures against references of the same names.

    python benchmarks/low_light.py OUTPUTS REFERENCES

RGB in [0, 1], no rescaling by the reference mean; scikit-image's definitions
(``structural_similarity(channel_axis=2, data_range=1)``). References are for reporting only, never for choosing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import diptych as dp
from diptych.core.image import to_float


def main(outputs: str, references: str) -> None:
    rows = []
    for path in sorted(Path(outputs).iterdir()):
        partners = [one for one in Path(references).iterdir() if one.stem == path.stem]
        if len(partners) != 1:
            print(f"{path.name}: no reference of this name; left out")
            continue
        result, truth = (to_float(dp.read(one).pixels) for one in (path, partners[0]))
        psnr = peak_signal_noise_ratio(truth, result, data_range=1)
        ssim = structural_similarity(truth, result, channel_axis=2, data_range=1)
        rows.append((psnr, ssim))
        print(f"{path.name:24} {psnr:6.2f} dB  {ssim:.3f}")
    psnr, ssim = np.mean(rows, axis=0)
    print(f"{'mean of ' + str(len(rows)):24} {psnr:6.2f} dB  {ssim:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
