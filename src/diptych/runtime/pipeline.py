"""What is done around a network: channels that fit, the steps before and after it, and the dtype that came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from diptych.core.enhancer import EnhancerSpec
from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image, convert
from diptych.recipes import Recipe
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.picture import to_grey

Network: TypeAlias = Callable[[Image, np.dtype[Any]], Image]
"""A network, called with an image ``(H, W, C)`` of any dtype of the contract and the dtype of its result."""


def fit_channels(image: Image, metadata: BundleMetadata) -> Image:
    """Return an image ``(H, W, C)`` with the channels that a model takes; one of grey may become three equal ones.

    Raises
    ------
    ImageError
        If the image has channels that the model does not take.
    """
    given, wanted = image.shape[2], metadata.channels_in
    if given == wanted:
        return image
    if given == 1 and wanted == 3:
        return np.repeat(image, 3, axis=2)
    hint = "make it grey first" if wanted == 1 else "choose a model for such pictures"
    raise ImageError(f"image has {given} channels, the model '{metadata.name}' takes {wanted}; {hint}")


class Pipeline:
    """Runs a network as an enhancer.

    Parameters
    ----------
    metadata : BundleMetadata
        The model's.
    source : str
        What to call the model in error messages.
    """

    def __init__(self, metadata: BundleMetadata, source: str) -> None:
        self._metadata = metadata
        self._source = source
        self._preprocess, self._postprocess = (
            Recipe.from_toml(text, source=source) if text else None
            for text in (metadata.preprocess, metadata.postprocess)
        )

    @property
    def spec(self) -> EnhancerSpec:
        """What the metadata says of the model."""
        metadata = self._metadata
        return EnhancerSpec(
            metadata.name,
            metadata.summary or f"a model from {self._source}",
            receptive_field_radius=metadata.receptive_field_radius,
        )

    def run(self, image: Image, network: Network) -> Image:
        """Return the enhanced image: same dtype, same number of axes.

        Raises
        ------
        ImageError
            If the image breaks the contract, or has channels that the model does not take.
        """
        checked = check_image(image)
        planes = checked if checked.ndim == 3 else checked[:, :, np.newaxis]
        result = self._steps(fit_channels(planes, self._metadata), network)
        if planes.shape[2] == 1 and result.shape[2] == 3 and (image.ndim == 2 or self._metadata.channels_in == 3):
            result = to_grey(result)
        result = convert(result, checked.dtype)
        return result[:, :, 0] if image.ndim == 2 else result

    def _steps(self, image: Image, network: Network) -> Image:
        """Return the image after the steps and the network; integers between them have 16 bits, so that no level is lost."""
        promoted = np.dtype(np.float32) if image.dtype.kind == "b" else image.dtype
        promoted = np.dtype(np.uint16) if promoted.kind == "u" else promoted
        prepared = self._preprocess(convert(image, promoted)) if self._preprocess else image
        result = network(prepared, promoted if self._postprocess else image.dtype)
        return self._postprocess(result) if self._postprocess else result
