"""A model of the noise of an image: by brightness, between channels, between neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych.core.color import LUMA, YCBCR_FROM_RGB, luma
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
    uncut : ndarray, shape (K,), or None
        By how much the noise was stronger before it was cut off at black and white; None for not at all.

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
    uncut: FloatImage | None = None

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
        return self._at(sum(row @ self.covariance @ row for row in YCBCR_FROM_RGB[1:]) / 2, brightness)

    @property
    def luma_level(self) -> float:
        """Standard deviation of the noise of luma before it was cut off, root mean square over the image."""
        return self._level(self.luma())

    @property
    def chroma_level(self) -> float:
        """Standard deviation of the noise of the colour differences, root mean square of both over the image."""
        return self._level(self.chroma())

    @property
    def coarseness(self) -> float:
        """Share of the noise of luma that is left where 2 x 2 px are averaged, cautiously, as texture adds to it: 0.5 to 1."""
        return max(0.5, self.coarse[0] ** 2)

    @property
    def coarse(self) -> tuple[float, float]:
        """Share of the noise of luma, and of the colour differences, that is left where 2 x 2 px are averaged.

        0.5 for white noise; near 1 for noise that demosaicing, scaling or JPEG has made smooth.
        """
        luma_share, *chroma_share = (float(np.sqrt(one[:4, :4].sum() / max(one.sum(), 1e-12))) for one in self.spectrum)
        return luma_share, chroma_share[0] if chroma_share else luma_share

    @property
    def summary(self) -> dict[str, float | str | dict[str, float]]:
        """What it says in a few numbers: standard deviations in levels of 255, by brightness, and how JPEG compressed it."""
        found: dict[str, float | str | dict[str, float]] = {
            "luma": round(255 * self.luma_level, 2),
            "chroma": round(255 * self.chroma_level, 2),
            "luma_by_brightness": {
                f"{at:.2g}": round(255 * float(sigma), 2)
                for at, sigma in zip(self.brightness, self.luma(), strict=True)
            },
            "left_at_half_size": round(self.coarse[0], 2),
        }
        if self.jpeg:
            halved = (
                "4:2:0" if min(self.jpeg.subsampling) > 1 else "4:4:4" if max(self.jpeg.subsampling) == 1 else "4:2:2"
            )
            found["jpeg"] = f"steps from {min(self.jpeg.luma)} to {max(self.jpeg.luma)}, {halved}"
        return found

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

    def draw(self, image: Image, rng: np.random.Generator) -> FloatImage:
        """Return noise like that of an image: as strong by brightness, with the same correlations.

        Parameters
        ----------
        image : ndarray, shape (H, W, C) or (H, W)
            The image that was measured, or a part of it.
        rng : numpy.random.Generator
            Draws it.

        Returns
        -------
        ndarray of float32, shape (H, W, C)
            Noise with mean 0, as it was before it was cut off at black and white.
        """
        floats = to_float(check_image(image))
        light = local_brightness(floats if floats.ndim == 3 else floats[:, :, np.newaxis])
        colour = self.channels == 3
        turn = YCBCR_FROM_RGB if colour else np.eye(self.channels)
        covariance = turn @ self.covariance @ turn.T
        if self.uncut is not None:
            covariance = covariance * self.uncut[:, np.newaxis, np.newaxis] ** 2
        sigmas = np.sqrt(np.maximum(np.diagonal(covariance, axis1=1, axis2=2), 0))
        mean = np.average(covariance, axis=0, weights=self.share)
        # A grey picture in three channels has no noise of chroma but rounding errors, whose correlations mean nothing.
        spread = np.sqrt(np.maximum(np.diag(mean), max(1e-6 * float(np.diag(mean).max()), 1e-20)))
        mixing = np.linalg.cholesky(mean / np.outer(spread, spread) + 1e-6 * np.eye(self.channels))
        spectra = [self.spectrum[min(plane, len(self.spectrum) - 1)] for plane in range(self.channels)]
        drawn = np.stack([_like(spectrum, light.shape, rng) for spectrum in spectra], axis=2) @ mixing.T
        drawn *= np.stack([np.interp(light, self.brightness, sigmas[:, c]) for c in range(self.channels)], axis=2)
        return np.asarray(drawn @ np.linalg.inv(turn).T, np.float32)

    def _level(self, sigmas: FloatImage) -> float:
        whole = sigmas if self.uncut is None else sigmas * self.uncut
        return float(np.sqrt(np.average(whole**2, weights=self.share)))

    def _at(self, variance: FloatImage, brightness: FloatImage | None) -> FloatImage:
        sigma = np.sqrt(np.maximum(variance, 0))
        return np.asarray(sigma if brightness is None else np.interp(brightness, self.brightness, sigma))


def _like(spectrum: FloatImage, shape: tuple[int, ...], rng: np.random.Generator) -> FloatImage:
    """Return normal noise ``(H, W)`` of variance 1 with the spectrum of an 8 x 8 DCT."""
    white = rng.standard_normal(shape)
    if np.ptp(spectrum) < 1e-6:
        return white
    place = [np.abs(np.fft.fftfreq(shape[0])) * 16, np.fft.rfftfreq(shape[1]) * 16]
    rows = np.stack([np.interp(place[1], range(8), row) for row in spectrum])
    power = np.stack([np.interp(place[0], range(8), column) for column in rows.T], axis=1)
    drawn = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(power), shape)
    return np.asarray(drawn / max(float(drawn.std()), 1e-12))


def local_brightness(image: FloatImage) -> FloatImage:
    """Return the luma ``(H, W)`` of an image ``(H, W, C)``, averaged over 5 x 5 px."""
    return local_mean(luma(image))


def local_mean(values: FloatImage) -> FloatImage:
    """Return means over 5 x 5 px of ``(H, W)`` or ``(H, W, C)``: how bright it is, whatever the noise of the pixel itself."""
    for axis in (0, 1):
        margins = [(_WINDOW // 2 + 1, _WINDOW // 2) if k == axis else (0, 0) for k in range(values.ndim)]
        sums = np.cumsum(np.pad(values, margins, mode="edge"), axis=axis, dtype=np.float64)
        length = values.shape[axis]
        values = (np.take(sums, range(_WINDOW, _WINDOW + length), axis) - np.take(sums, range(length), axis)) / _WINDOW
    return np.asarray(values, np.float32)
