"""What happened to the tones and colours of a picture, in numbers."""

from __future__ import annotations

import numpy as np
from skimage.color import rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from diptych.core.color import luma
from diptych.core.image import FloatImage, Image, to_float

FEWEST = 100
"""Pixels that must have a colour before a turn of hues is measured."""

COLORED = 10
"""The CIELAB chroma from which a pixel has a hue."""


def against(result: Image, reference: Image) -> dict[str, float]:
    """Return PSNR, SSIM (scikit-image, RGB in [0, 1]), PSNR with the mean luma of the reference, mean chromas and lumas."""
    ours, truth = to_float(result), to_float(reference)
    matched = np.clip(ours * (luma(truth).mean() / max(float(luma(ours).mean()), 1e-6)), 0, 1)
    return {
        "psnr": peak_signal_noise_ratio(truth, ours, data_range=1),
        "ssim": structural_similarity(truth, ours, channel_axis=2, data_range=1),
        "matched": peak_signal_noise_ratio(truth, matched, data_range=1),
        "chroma": chroma(result),
        "wanted chroma": chroma(reference),
        "mean": float(luma(ours).mean()),
        "wanted mean": float(luma(truth).mean()),
    }


def chroma(image: Image) -> float:
    """Return the mean CIELAB chroma."""
    lab = rgb2lab(to_float(image))
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def hue_turn(before: Image, after: Image) -> float | None:
    """Return the 99th percentile of the CIELAB hue difference in degrees, over the pixels that have a hue in both.

    None if there are fewer than 100.
    """
    (_, a, b), (_, c, d) = (np.moveaxis(rgb2lab(to_float(image)), 2, 0) for image in (before, after))
    colored = (np.hypot(a, b) > COLORED) & (np.hypot(c, d) > COLORED)
    if colored.sum() < FEWEST:
        return None
    turn = np.abs(np.arctan2(b, a) - np.arctan2(d, c))[colored]
    return float(np.degrees(np.percentile(np.minimum(turn, 2 * np.pi - turn), 99)))


def lit(image: Image, result: Image) -> Image:
    """Return an image with as much more light as gives it the mean luma of a result, in 8 bits; its hues stay."""
    light, aim = linear(to_float(image)), float(luma(to_float(result)).mean())
    sample, low, high = light[::4, ::4], 2.0**-4, 2.0**12
    for _ in range(16):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if luma(brightened(sample, middle)).mean() < aim else (low, middle)
    return np.rint(255 * brightened(light, middle)).astype(np.uint8)


def linear(values: FloatImage) -> FloatImage:
    """Return the light of sRGB values."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def brightened(light: FloatImage, factor: float) -> FloatImage:
    more = light * factor
    more /= np.maximum(more.max(axis=2, keepdims=True), 1)
    return np.where(more <= 0.0031308, more * 12.92, 1.055 * more ** (1 / 2.4) - 0.055)


def averaged(image: Image, side: int = 4) -> Image:
    """Return the means of squares of `side` pixels, as floats: a quarter of the noise."""
    height, width = (size // side for size in image.shape[:2])
    cropped = to_float(image)[: height * side, : width * side]
    return cropped.reshape(height, side, width, side, -1).mean(axis=(1, 3))


def dark_scene(before: Image, after: Image) -> dict[str, float]:
    """Return the mean luma, after / before, and by how many levels of 255 the black point (0.5th percentile) moved."""
    first, second = luma(to_float(before)), luma(to_float(after))
    moved = 255 * (np.percentile(second, 0.5) - np.percentile(first, 0.5))
    return {"mean": float(second.mean() / max(float(first.mean()), 1e-4)), "black": float(moved)}


def backlit_scene(before: Image, after: Image) -> dict[str, float]:
    """Return the median luma of what was the darkest half, after / before, and by how many levels the 95th percentile moved."""
    first, second = luma(to_float(before)), luma(to_float(after))
    dark = first <= np.median(first)
    ratio = np.median(second[dark]) / max(float(np.median(first[dark])), 1e-4)
    moved = 255 * (np.percentile(second, 95) - np.percentile(first, 95))
    return {"shadows": float(ratio), "light": float(moved)}


def detail(restored: Image, original: Image) -> float:
    """Return the gradient energy of the luma as a ratio."""
    return gradient_energy(restored) / max(gradient_energy(original), 1e-12)


def gradient_energy(image: Image) -> float:
    light = luma(to_float(image))
    return float((np.diff(light, axis=0) ** 2).mean() + (np.diff(light, axis=1) ** 2).mean())
