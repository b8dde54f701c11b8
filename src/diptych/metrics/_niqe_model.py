"""The model that NIQE compares with: statistics of the patches of good photographs."""

from __future__ import annotations

import functools
import io
import math
import os
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from diptych.core.errors import ImageError, ParameterError
from diptych.core.image import Image, check_image
from diptych.metrics._nss import FEATURES, PATCH, Floats, features_of, patches_of

_LARGEST = 1 << 20  # bytes: a model has 1332 numbers and two short texts
_LONGEST = 2000  # characters of a text
_KEYS = {"mean": ("mean", "mu_pris_param"), "covariance": ("covariance", "cov_pris_param")}


@dataclass(frozen=True, eq=False)
class NiqeModel:
    """Mean and covariance of the features of sharp patches of good photographs.

    Attributes
    ----------
    mean : ndarray, shape (36,)
        Mean of each feature; read-only.
    covariance : ndarray, shape (36, 36)
        Their covariance; read-only.
    patch : int
        Side of a patch in pixels.
    name : str
        What a report calls it; values of different models do not compare.
    source : str
        Which photographs it was fitted on, and how they were chosen.

    Examples
    --------
    >>> NiqeModel.packaged().patch
    96
    """

    mean: Floats
    covariance: Floats
    patch: int = PATCH
    name: str = "unnamed"
    source: str = ""

    def __post_init__(self) -> None:
        mean, covariance = (np.array(values, np.float64) for values in (self.mean, self.covariance))
        if mean.shape != (FEATURES,) or covariance.shape != (FEATURES, FEATURES):
            raise ParameterError(f"mean {mean.shape} and covariance {covariance.shape}; give (36,) and (36, 36)")
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all() and np.allclose(covariance, covariance.T)):
            raise ParameterError("mean or covariance holds NaN or infinity, or the covariance is not symmetric")
        if self.patch not in range(16, 1025, 2):
            raise ParameterError(f"patch = {self.patch!r} is not allowed; give an even number from 16 to 1024")
        for field, values in (("mean", mean), ("covariance", covariance)):
            values.flags.writeable = False
            object.__setattr__(self, field, values)

    @staticmethod
    def packaged() -> NiqeModel:
        """Return the model that comes with the package."""
        return _packaged()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NiqeModel:
        """Read a model from a file ``.npz``: one that `save` wrote, or one with the published names of its arrays.

        Raises
        ------
        ParameterError
            If the file cannot be read, is too large, or is not such a model.
        """
        try:
            return cls(**_fields(Path(path)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise ParameterError(
                f"{path}: is no NIQE model ({reason}); make one with `diptych fit-niqe`, or NiqeModel.fit"
            ) from error

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file ``.npz``, whole or not at all; a file of this name is replaced."""
        content = io.BytesIO()
        np.savez_compressed(
            content,
            mean=self.mean,
            covariance=self.covariance,
            patch=np.array(self.patch),
            name=np.array(self.name),
            source=np.array(self.source),
        )
        target = Path(path)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.getvalue())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def fit(
        cls,
        images: Iterable[Image],
        *,
        name: str,
        source: str = "",
        patch: int = PATCH,
        sharpness: float = 0.75,
    ) -> NiqeModel:
        """Fit a model to good photographs.

        Parameters
        ----------
        images : iterable of ndarray
            RGB or grey images of the contract, gone through once.
        name, source : str
            What a report calls the model, and where the photographs come from.
        patch : int
            Side of a patch in pixels, even.
        sharpness : float
            Patches are used whose mean local contrast is more than this share of the largest in the same photograph; 0.75
            in the publication.

        Raises
        ------
        ImageError
            If an image breaks the contract or is smaller than a patch, or fewer than 37 patches can be used.
        ParameterError
            If the patch or the share is out of its bounds.
        """
        if not 0 <= sharpness < 1:
            raise ParameterError(f"sharpness = {sharpness!r} is not allowed; give 0 to 1, without 1")
        if patch not in range(16, 1025, 2):
            raise ParameterError(f"patch = {patch!r} is not allowed; give an even number from 16 to 1024")
        chosen = [_sharp_features(image, index, patch, sharpness) for index, image in enumerate(images)]
        features = np.concatenate([np.empty((0, FEATURES)), *chosen])
        if len(features) <= FEATURES:
            raise ImageError(f"only {len(features)} sharp patches; give photographs with {FEATURES + 1} or more in all")
        return cls(features.mean(axis=0), np.cov(features, rowvar=False), patch, name, source)

    def score(self, image: Image) -> float:
        """Return the NIQE of an image with this model: see `diptych.metrics.niqe`."""
        features = features_of(patches_of(_three_axes(check_image(image)), self.patch).moments, self.patch)
        missing = np.isnan(features)
        if missing.all(axis=0).any():
            return math.inf
        away = self.mean - np.nanmean(features, axis=0)
        usable = features[~missing.any(axis=1)]
        covariance = np.cov(usable, rowvar=False) if len(usable) > 1 else np.zeros_like(self.covariance)
        return math.sqrt(max(float(away @ np.linalg.pinv((self.covariance + covariance) / 2) @ away), 0.0))


def _sharp_features(image: Image, index: int, patch: int, share: float) -> Floats:
    patches = patches_of(_three_axes(check_image(image, f"image {index}")), patch)
    features = features_of(patches.moments, patch)[patches.sharpness > share * patches.sharpness.max()]
    return features[~np.isnan(features).any(axis=1)]


def _three_axes(image: Image) -> Image:
    return np.ascontiguousarray(image if image.ndim == 3 else image[:, :, np.newaxis])


def _fields(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _LARGEST:
            raise ValueError(f"it unpacks to more than {_LARGEST} bytes")
    with np.load(path, allow_pickle=False) as arrays:
        found: dict[str, Any] = {}
        for field, names in _KEYS.items():
            key = next((name for name in names if name in arrays), None)
            if key is None:
                raise ValueError(f"it has no array '{names[0]}'")
            found[field] = np.squeeze(arrays[key])
        found["patch"] = int(arrays["patch"]) if "patch" in arrays else PATCH
        found["name"] = str(arrays["name"])[:_LONGEST] if "name" in arrays else path.name
        found["source"] = str(arrays["source"])[:_LONGEST] if "source" in arrays else ""
    return found


@functools.cache
def _packaged() -> NiqeModel:
    with resources.as_file(resources.files("diptych.metrics") / "data" / "niqe.npz") as path:
        return NiqeModel.load(path)
