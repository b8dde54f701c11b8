"""Sheets to look at: for each picture a row with its input and what each enhancer makes of it, several pictures a sheet.

    python benchmarks/contact_sheet.py FOLDER OUT [ENHANCER ...] [--most 48] [--each 12] [--width 400]
    python benchmarks/contact_sheet.py DATA OUT --set backlit

FOLDER is a folder of pictures, or with ``--set`` the root under which those of ``sets/NAME.txt`` lie. Enhancers are named as
for ``low_light.py``; the default is ``input auto default default@0.5``. Pictures are reduced to 1024 px before they are
enhanced, and shown at most 400 px wide and high with their names. The sheets are OUT/00.png, OUT/01.png and so on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from diptych.core.image import Image, convert
from diptych.photo import find_photos
from picture_sets import Entry, Pictures, reduced

SIDE, LINE = 1024, 18


def shown(image: Image, width: int) -> Pillow.Image:
    """Return an image as a small 8-bit RGB picture."""
    pixels = convert(image, np.dtype(np.uint8))
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = pixels[:, :, 0]
    small = Pillow.fromarray(pixels).convert("RGB")
    small.thumbnail((width, width), Pillow.Resampling.LANCZOS)
    return small


def sheet(rows: list[tuple[str, list[Pillow.Image]]], titles: list[str], width: int) -> Pillow.Image:
    """Return rows of pictures, each with its name and those of the columns above."""
    heights = [LINE + max(picture.height for picture in pictures) for _, pictures in rows]
    canvas = Pillow.new("RGB", (width * len(titles), sum(heights)), (64, 64, 64))
    draw, font, top = ImageDraw.Draw(canvas), ImageFont.load_default(12), 0
    for (name, pictures), height in zip(rows, heights, strict=True):
        for column, (title, picture) in enumerate(zip(titles, pictures, strict=True)):
            draw.text((column * width + 4, top + 2), f"{name}   {title}", fill=(255, 255, 255), font=font)
            canvas.paste(picture, (column * width, top + LINE))
        top += height
    return canvas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("enhancers", nargs="*", default=["input", "auto", "default", "default@0.5"])
    parser.add_argument("--set")
    parser.add_argument("--most", type=int, default=48)
    parser.add_argument("--each", type=int, default=12, help="pictures a sheet")
    parser.add_argument("--width", type=int, default=400, help="of a picture, in px")
    given = parser.parse_args()
    pictures = Pictures(given.folder)
    if given.set:
        names = pictures.listed(given.set)
    else:
        names = [str(one.path.relative_to(given.folder)) for one in find_photos([str(given.folder)])]
    names = names[:: max(1, len(names) // given.most)][: given.most]
    given.out.mkdir(parents=True, exist_ok=True)
    entries = [Entry(text, given.out) for text in given.enhancers]
    for number, start in enumerate(range(0, len(names), given.each)):
        rows = []
        for name in names[start : start + given.each]:
            image = reduced(pictures.read(name), SIDE)
            outputs = [entry.apply(name, image) for entry in entries]
            rows.append((name, [shown(image if output is None else output, given.width) for output in outputs]))
        sheet(rows, [entry.label for entry in entries], given.width).save(given.out / f"{number:02}.png")


if __name__ == "__main__":
    main()
