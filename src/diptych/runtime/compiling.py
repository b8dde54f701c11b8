"""Compiling kernels before a picture needs them: those of the default enhancer, or of all operators and recipes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diptych.core.image import Image

_DEPTHS = ("uint8", "uint16", "float32")
_SIDE = 256  # px; large enough for the paths of large pictures


def compile_default() -> None:
    """Call every kernel of the default enhancer once, on a little picture; what is in the cache on the disk is only loaded.

    First come those of the steps, which a picture needs after its plan: so a second process is ahead of the first.

    Examples
    --------
    ``compile_default()``
    """
    from diptych import operators
    from diptych.operators.tones import apply_table
    from diptych.recipes.denoise import ToldNoise
    from diptych.runtime.default import packaged_denoiser
    from diptych.runtime.thumbnail import thumbnail

    picture = np.full((64, 64, 3), 100, np.uint8)
    picture.flags.writeable = False  # as pictures are within a recipe; for Numba that is a type of its own
    told = ToldNoise(((0.0, 0.02, 0.02), (1.0, 0.02, 0.02)), ((1.0, 1.0), (1.0, 1.0)))
    operators.deblock(picture, luma=((16.0,) * 8,) * 8)
    packaged_denoiser().denoise(picture, told)
    operators.develop(picture, exposure=1.0)
    thumbnail(picture, 16)
    apply_table(picture, np.zeros((256, 3), np.float32), np.dtype(np.float32))


def compile_all() -> Iterator[str]:
    """Call every operator with its defaults and every named recipe, on 8, 16 and 32 bits; yield the name before.

    Operators see RGB, recipes a grey picture, too: what they fuse has kernels of its own. A reference is the picture itself.
    Operators that need another parameter are left out.

    Examples
    --------
    ``for name in compile_all(): print(name)``
    """
    from diptych import operators
    from diptych.recipes import catalogue

    pictures = _pictures(_SIDE)
    for name in operators.names():
        declaration = operators.declaration(name)
        if any(parameter.required for parameter in declaration.parameters):
            continue
        yield name
        asked = [parameter.name for parameter in declaration.parameters if parameter.name == "reference"]
        for picture in pictures:
            declaration.function(picture, **dict.fromkeys(asked, picture))
    pictures = _pictures(3 * _SIDE)  # which recipes do in strips
    for picture in pictures:
        picture.flags.writeable = False  # as those of files are
    for name in catalogue.names():
        yield name
        for picture in pictures:
            catalogue.find(name)(picture)
            catalogue.find(name)(picture[:, :, 0])


def _pictures(side: int) -> list[Image]:
    ramp = np.linspace(0, 1, side * side * 3).reshape(side, side, 3)
    return [(ramp * (1 if dtype == "float32" else np.iinfo(dtype).max)).astype(dtype) for dtype in _DEPTHS]
