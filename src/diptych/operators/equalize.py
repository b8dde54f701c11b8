"""Histogram equalisation."""

from __future__ import annotations

import numpy as np

from diptych.core.image import Image
from diptych.core.tones import Channels, Curve, TableCurve, Tones, apply_curve, cumulative, tone_operator


def _curve(tones: Tones, *, channels: Channels) -> Curve:
    below = cumulative(tones, each=channels == "each")
    # The count of the darkest value; the count of all where there is only one value.
    first = np.min(np.where(below > 0, below, below[:, -1:]), axis=1, keepdims=True)
    rest = below[:, -1:] - first
    tables = np.where(rest > 0, np.maximum(below - first, 0) / np.maximum(rest, 1), np.linspace(0, 1, below.shape[1]))
    return TableCurve(tables, nearest=True)


@tone_operator(_curve)
def equalize(image: Image, *, channels: Channels = "together") -> Image:
    """Spread the values so that every brightness is as frequent as any other.

    ``out = (F(in) - F(min)) / (1 - F(min))`` with F the cumulative distribution of the values over 65,536 levels, so
    that the darkest value becomes black and the brightest white. A flat image is returned as it is.

    Parameters
    ----------
    channels : str
        ``together`` uses one distribution over all channels and keeps the hue; ``each`` equalises every channel.

    Notes
    -----
    Equal to OpenCV's ``equalizeHist`` on one ``uint8`` channel. `skimage.exposure.equalize_hist` leaves out the two
    ``F(min)``, so that it never reaches black.

    References
    ----------
    Gonzalez and Woods, Digital Image Processing, 4th ed., section 3.3.

    Examples
    --------
    >>> equalize(np.array([[10, 10, 11, 12]], np.uint8)).tolist()
    [[0, 0, 128, 255]]
    """
    return apply_curve(_curve, image, channels=channels)
