"""Two pictures on top of each other with a slider between them, for notebooks."""

from __future__ import annotations

import base64
import html
import uuid
from dataclasses import dataclass

from diptych.core.errors import ImageError
from diptych.core.image import Image, check_image
from diptych.photo import Photo
from diptych.photo.preview import preview


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Two pictures; a notebook shows them with a slider, see `compare`.

    Attributes
    ----------
    before, after : ndarray, shape (H, W) or (H, W, C)
        The pictures.
    labels : (str, str)
        What they are called.
    """

    before: Image
    after: Image
    labels: tuple[str, str]

    def __repr__(self) -> str:
        return f"<{self.labels[0]} | {self.labels[1]}: shown with a slider by a notebook; .to_html() is its page>"

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self) -> str:
        """Return the pictures as a piece of a page, small copies in it, that needs nothing else."""
        name = f"diptych-{uuid.uuid4().hex}"
        before, after = (base64.b64encode(preview(one)).decode() for one in (self.before, self.after))
        left, right = map(html.escape, self.labels)
        return f"""<figure style="display:inline-block;margin:0">
<div style="position:relative;line-height:0">
<img alt="{right}" style="max-width:100%" src="data:image/png;base64,{after}">
<img id="{name}" alt="{left}" style="position:absolute;inset:0;width:100%;height:100%;clip-path:inset(0 50% 0 0)"
 src="data:image/png;base64,{before}">
</div>
<input type="range" value="50" aria-label="{left} or {right}" style="width:100%;margin:4px 0"
 oninput="document.getElementById('{name}').style.clipPath='inset(0 '+(100-this.value)+'% 0 0)'">
<figcaption style="display:flex;justify-content:space-between"><span>{left}</span><span>{right}</span></figcaption>
</figure>"""


def compare(
    before: Photo | Image, after: Photo | Image, *, labels: tuple[str, str] = ("before", "after")
) -> SideBySide:
    """Return two pictures that a notebook shows on top of each other, with a slider between them.

    Parameters
    ----------
    before, after : Photo or ndarray, shape (H, W) or (H, W, C)
        Pictures of one height and width, any image of the contract.
    labels : (str, str)
        What they are called.

    Raises
    ------
    ImageError
        If an image breaks the contract, or they differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((20, 30, 3), np.uint8)
    >>> "data:image/png" in compare(image, image + 40).to_html()
    True
    """
    images = [
        one.pixels if isinstance(one, Photo) else check_image(one, name)
        for one, name in ((before, "before"), (after, "after"))
    ]
    sizes = [image.shape[:2] for image in images]
    if sizes[0] != sizes[1]:
        raise ImageError(f"before is {sizes[0]} and after {sizes[1]} pixels; give pictures of one size")
    return SideBySide(images[0], images[1], labels)
