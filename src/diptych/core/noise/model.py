"""A model of the noise of an image: by brightness, between channels, between neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import CB_SCALE, CR_SCALE, LUMA, luma
from diptych.core.image import FloatImage, Image, check_image, to_float
from diptych.core.noise.jpeg import JpegTables

_WINDOW = 5  # px: over which the brightness is averaged, so that the noise of a pixel does not decide its own strength
_VISIBLE = 0.1 / 255


@dataclass(frozen=True, eq=False)
class NoiseModel:
    """The noise of an image, as it is in its pixels.

    Attributes
    ----------
    brightness : ndarray, shape (K,)
        Rising values of luma, in [0, 1], that the noise was measured at; between them it is interpolated.
    covariance : ndarray, shape (K, C, C)
        Covariance of the noise of the channels at each of them, as intensities squared.
    spectrum : ndarray, shape (P, 8, 8)
        Power of the noise by the frequency of a DCT of 8 x 8 px, with the mean 1 (all ones for white noise): of luma and, for
        RGB (P = 2), of the colour differences.
    jpeg : JpegTables or None
        How the picture was compressed, if it was.
    share : ndarray, shape (K,), or None
        How much of the image lies nearest to each brightness; None for the same everywhere.

    Examples
    --------
    >>> noisy = 0.5 + np.random.default_rng(0).normal(0, 0.02, (256, 256, 3)).astype(np.float32)
    >>> from diptych.core.noise import measure_noise
    >>> model = measure_noise(noisy)
    >>> model.sigma_map(noisy).shape
    (256, 256, 3)
    >>> bool(0.018 < model.sigma_map(noisy).mean() < 0.022)
    True
    """

    brightness: FloatImage
    covariance: FloatImage
    spectrum: FloatImage
    jpeg: JpegTables | None = None
    share: FloatImage | None = None

    @property
    def visible(self) -> bool:
        """Whether there is noise above a tenth of a level of 8 bits."""
        return bool(np.sqrt(self.covariance.max(initial=0)) > _VISIBLE)

    @property
    def channels(self) -> int:
        """Number of channels of the image."""
        return int(self.covariance.shape[1])

    def luma(self, brightness: FloatImage | None = None) -> FloatImage:
        """Return the standard deviation of the noise of luma at `brightness`; without one at `self.brightness`."""
        weights = np.array(LUMA) if self.channels == 3 else np.full(self.channels, 1 / self.channels)
        return self._at(weights @ self.covariance @ weights, brightness)

    def chroma(self, brightness: FloatImage | None = None) -> FloatImage:
        """Return the standard deviation of the colour differences, root mean square of the two; 0 without colour."""
        if self.channels != 3:
            return self._at(np.zeros(len(self.brightness)), brightness)
        rows = np.array([np.array([0, 0, 1]) - LUMA, np.array([1, 0, 0]) - LUMA]) / [[CB_SCALE], [CR_SCALE]]
        return self._at(sum(row @ self.covariance @ row for row in rows) / 2, brightness)

    @property
    def overall(self) -> tuple[float, float]:
        """Standard deviations of the noise of luma and of the colour differences, root mean squares over the image."""
        luma_sigma, chroma_sigma = (
            float(np.sqrt(np.average(s**2, weights=self.share))) for s in (self.luma(), self.chroma())
        )
        return luma_sigma, chroma_sigma

    @property
    def coarse(self) -> tuple[float, float]:
        """Share of the noise of luma, and of the colour differences, that is left where 2 x 2 px are averaged.

        0.5 for white noise; near 1 for noise that demosaicing, scaling or JPEG has made smooth.
        """
        luma_share, *chroma_share = (float(np.sqrt(one[:4, :4].sum() / max(one.sum(), 1e-12))) for one in self.spectrum)
        return luma_share, chroma_share[0] if chroma_share else luma_share

    def sigma_map(self, image: Image) -> FloatImage:
        """Return the standard deviation of the noise of each value of an image.

        Parameters
        ----------
        image : ndarray, shape (H, W, C) or (H, W)
            The image that was measured, or a part of it.

        Returns
        -------
        ndarray of float32, shape (H, W, C)
            As intensities in [0, 1] whatever the dtype of the image.
        """
        floats = to_float(check_image(image))
        light = local_brightness(floats if floats.ndim == 3 else floats[:, :, np.newaxis])
        variances = [self._at(self.covariance[:, c, c], light) for c in range(self.channels)]
        return np.stack(variances, axis=2).astype(np.float32)

    def _at(self, variance: FloatImage, brightness: FloatImage | None) -> FloatImage:
        sigma = np.sqrt(np.maximum(variance, 0))
        return np.asarray(sigma if brightness is None else np.interp(brightness, self.brightness, sigma))


def local_brightness(image: FloatImage) -> FloatImage:
    """Return the luma ``(H, W)`` of an image ``(H, W, C)``, averaged over 5 x 5 px."""
    light = luma(image)
    for axis in (0, 1):
        before = np.pad(light, [(_WINDOW // 2 + 1, _WINDOW // 2) if k == axis else (0, 0) for k in (0, 1)], mode="edge")
        sums = np.cumsum(before, axis=axis, dtype=np.float64)
        length = light.shape[axis]
        light = (np.take(sums, range(_WINDOW, _WINDOW + length), axis) - np.take(sums, range(length), axis)) / _WINDOW
    return np.asarray(light, np.float32)
