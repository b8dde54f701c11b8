"""The pictures of docs/operators.md: good ones of scikit-image, faults that are done to them, and what each operator shows."""

from __future__ import annotations

import inspect

import numpy as np
from skimage import data

from diptych import operators
from diptych.core.image import from_float, to_float
from diptych.photo import Photo, decode, encode


def face() -> np.ndarray:
    """Return a part of a photograph at its own size, so that noise is seen."""
    return data.chelsea()[60:220, 130:370]


def silhouette() -> np.ndarray:
    """Return a shape of black and white."""
    return data.horse().astype(np.uint8) * 255


def compressed(image: np.ndarray) -> np.ndarray:
    """Return the picture as a JPEG of low quality."""
    return decode(encode(Photo(image), "jpeg", quality=20)).pixels


def dark(image: np.ndarray) -> np.ndarray:
    """Return the picture with a fifth of the light."""
    return from_float(0.22 * to_float(image) ** 1.3, image.dtype)


def noisy(image: np.ndarray, sigma: float = 0.08) -> np.ndarray:
    """Return the picture with white noise."""
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return from_float(to_float(image) + noise.astype(np.float32), image.dtype)


def hazy(image: np.ndarray) -> np.ndarray:
    """Return the picture behind haze that grows to the top."""
    share = np.linspace(0.75, 0.2, image.shape[0], dtype=np.float32)[:, np.newaxis, np.newaxis]
    return from_float(to_float(image) * (1 - share) + 0.85 * share, image.dtype)


def speckled(image: np.ndarray) -> np.ndarray:
    """Return the picture with salt and pepper."""
    draw = np.random.default_rng(0).random(image.shape[:2])
    result = image.copy()
    result[draw < 0.03] = 0
    result[draw > 0.97] = 255
    return result


def tinted(image: np.ndarray) -> np.ndarray:
    """Return the picture under a lamp."""
    return from_float(to_float(image) * np.array([1.0, 0.78, 0.5], np.float32), image.dtype)


def moved(image: np.ndarray) -> np.ndarray:
    """Return the picture, turned and shifted a little."""
    return operators.rotate(np.roll(image, (7, -9), axis=(0, 1)), angle=4.0)


_IMPORTS = """import numpy as np
from skimage import data

from diptych import operators
from diptych.core.image import from_float, to_float
from diptych.photo import Photo, decode, encode"""
FAULTS = (face, silhouette, compressed, dark, noisy, hazy, speckled, tinted, moved)

_BY_GROUP = {
    "denoising": ("noisy(face(), sigma=0.06)", ""),
    "morphology": ("silhouette()", "size=15"),
    "illumination": ("dark(data.coffee())", ""),
}
_SHOWN = {
    "affine": ("data.chelsea()", "matrix=((1.0, 0.25, -30.0), (0.0, 1.0, 0.0))"),
    "bilateral": ("noisy(data.chelsea(), sigma=0.05)", ""),
    "clahe": ("data.moon()", "clip_limit=6.0"),
    "crop": ("data.chelsea()", "top=60, left=130, height=150, width=220"),
    "dehaze": ("hazy(data.coffee())", ""),
    "develop": ("dark(data.coffee())", "exposure=2.5, shadows=2.0, warmth=-0.1"),
    "deblock": ("compressed(face())", ""),
    "denoise_photo": ("noisy(face(), sigma=0.06)", "luma=0.04, chroma=0.045"),
    "denoise_nlm": ("noisy(face(), sigma=0.06)", "strength=0.06"),
    "equalize": ("data.moon()", ""),
    "flatten_background": ("data.page()", ""),
    "gaussian": ("data.chelsea()", "sigma=4.0"),
    "laplacian": ("data.chelsea()", 'output="signed"'),
    "uniform": ("data.chelsea()", "size=11"),
    "unsharp_mask": ("data.chelsea()", "sigma=2.0, amount=1.5"),
    "gamma": ("dark(data.coffee())", "gamma=0.45"),
    "levels": ("data.moon()", "black=0.3, white=0.6"),
    "lime": ("dark(data.coffee())", ""),
    "log_tone": ("dark(data.coffee())", "gain=30.0"),
    "match_histogram": ("dark(data.coffee())", "reference=data.chelsea()"),
    "median": ("speckled(data.chelsea())", "size=3"),
    "register": ("moved(data.chelsea())", 'reference=data.chelsea(), model="euclidean"'),
    "remove_specks": ("speckled(data.coins())", "area=12"),
    "rotate": ("data.chelsea()", "angle=20.0"),
    "specify_histogram": ("dark(data.coffee())", ""),
    "stretch": ("data.moon()", ""),
    "threshold": ("data.coins()", ""),
    "white_balance": ("tinted(data.chelsea())", ""),
    "zoom": ("data.chelsea()[80:200, 150:300]", "factor=4.0"),
}
"""The picture before, and the parameters, as code."""


def code(name: str, group: str) -> str:
    """Return the code that makes the pictures of an operator: ``before`` and ``after``."""
    before, given = _SHOWN.get(name, _BY_GROUP.get(group, ("data.chelsea()", "")))
    return f"before = {before}\nafter = operators.{name}({', '.join(filter(None, ['before', given]))})"


def made(name: str, group: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures before and after an operator, made by that code."""
    names = {one.__name__: one for one in FAULTS} | {"data": data, "operators": operators}
    exec(code(name, group), names)
    return names["before"], names["after"]  # type: ignore[return-value]


def source() -> str:
    """Return the code of the faults, with its imports."""
    return "\n\n\n".join([_IMPORTS, *(inspect.getsource(one).strip() for one in FAULTS)])
