"""Write docs/operators.md and a before/after picture of every operator, from pictures that ship inside scikit-image.

python docs/make_gallery.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage import data

import diptych as dp
from diptych import operators
from diptych.core.image import from_float, to_float
from diptych.core.operator import Declaration
from diptych.photo import Photo, decode, encode

HERE = Path(__file__).parent
HEIGHT = 240
TITLES = {
    "filter": "Spatial filters",
    "tone": "Histogram and tone",
    "geometry": "Geometry",
    "morphology": "Morphology",
    "illumination": "Illumination",
    "denoising": "Denoising",
    "segmentation": "Segmentation",
}


def shown(image: np.ndarray) -> np.ndarray:
    """Return the picture at the height of the gallery, RGB."""
    image = image if image.ndim == 3 else np.repeat(image[:, :, np.newaxis], 3, axis=2)
    width = round(image.shape[1] * HEIGHT / image.shape[0])
    return operators.zoom(image, height=HEIGHT, width=width, interpolation="area")


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


def subject(name: str, group: str) -> tuple[np.ndarray, dict[str, object]]:
    """Return what the operator is shown on, and with which parameters."""
    coffee, chelsea, coins, page = data.coffee(), data.chelsea(), data.coins(), data.page()
    face = chelsea[60:220, 130:370]  # at its own size, so that noise is seen
    special: dict[str, tuple[np.ndarray, dict[str, object]]] = {
        "affine": (chelsea, {"matrix": ((1.0, 0.25, -30.0), (0.0, 1.0, 0.0))}),
        "bilateral": (noisy(chelsea, 0.05), {}),
        "clahe": (data.moon(), {"clip_limit": 6.0}),
        "crop": (chelsea, {"top": 60, "left": 130, "height": 150, "width": 220}),
        "dehaze": (hazy(coffee), {}),
        "develop": (dark(coffee), {"exposure": 2.5, "shadows": 2.0, "warmth": -0.1}),
        "deblock": (compressed(face), {}),
        "denoise_photo": (noisy(face, 0.06), {"luma": 0.04, "chroma": 0.045}),
        "denoise_nlm": (noisy(face, 0.06), {"strength": 0.06}),
        "equalize": (data.moon(), {}),
        "flatten_background": (page, {}),
        "gaussian": (chelsea, {"sigma": 4.0}),
        "laplacian": (chelsea, {"output": "signed"}),
        "uniform": (chelsea, {"size": 11}),
        "unsharp_mask": (chelsea, {"sigma": 2.0, "amount": 1.5}),
        "gamma": (dark(coffee), {"gamma": 0.45}),
        "levels": (data.moon(), {"black": 0.3, "white": 0.6}),
        "lime": (dark(coffee), {}),
        "log_tone": (dark(coffee), {"gain": 30.0}),
        "match_histogram": (dark(coffee), {"reference": chelsea}),
        "median": (speckled(chelsea), {"size": 3}),
        "register": (moved(chelsea), {"reference": chelsea, "model": "euclidean"}),
        "remove_specks": (speckled(coins), {"area": 12}),
        "rotate": (chelsea, {"angle": 20.0}),
        "specify_histogram": (dark(coffee), {}),
        "stretch": (data.moon(), {}),
        "threshold": (coins, {}),
        "white_balance": (tinted(chelsea), {}),
        "zoom": (chelsea[80:200, 150:300], {"factor": 4.0}),
    }
    if group == "morphology" and name != "remove_specks":
        return data.horse().astype(np.uint8) * 255, {"size": 15}
    by_group = {
        "denoising": noisy(face, 0.06),
        "morphology": data.horse().astype(np.uint8) * 255,
        "illumination": dark(coffee),
    }
    return special.get(name, (by_group.get(group, chelsea), {}))


def entry(declaration: Declaration) -> str:
    """Make the pictures of one operator and return its part of the page."""
    before, given = subject(declaration.name, declaration.group)
    after = declaration.function(before, **given)
    name = declaration.name
    pair = np.hstack([shown(before), np.full((HEIGHT, 6, 3), 255, np.uint8), shown(after)])
    dp.write(HERE / "images" / "operators" / f"{name}.jpg", pair, overwrite=True, quality=85)
    rows = [
        f"| `{p.name}` | {p.bounds} | {default(p.default)} | {declaration.describe(p.name)} |"
        for p in declaration.parameters
    ]
    table = ["", "| parameter | values | default | |", "|---|---|---|---|", *rows, ""] if rows else [""]
    chosen = ", ".join(
        f"{key}={'...' if isinstance(value, np.ndarray | tuple) else value}" for key, value in given.items()
    )
    fast = "; ".join(
        f"{path.name} ({', '.join(path.dtypes)}{': ' + path.note if path.note else ''})" for path in declaration.paths
    )
    return "\n".join(
        [
            f"### {name}",
            "",
            declaration.summary,
            "",
            f"![{name}: before and after](images/operators/{name}.jpg)",
            "",
            f"Shown: `{name}({chosen})`." + (f" Faster paths: {fast}." if fast else ""),
            *table,
        ]
    )


def default(value: object) -> str:
    """Return a default as it stands in the table."""
    return (
        "a stored table"
        if isinstance(value, tuple) and len(str(value)) > 40
        else f"`{value}`"
        if value is not None
        else "none"
    )


def main() -> None:
    """Write the page."""
    (HERE / "images" / "operators").mkdir(parents=True, exist_ok=True)
    declarations = [operators.declaration(name) for name in operators.names()]
    parts = [
        "# Operators",
        "",
        "Made by `make docs-sources`. Left before, right after; `diptych show NAME` prints the whole page of one.",
    ]
    for group, title in TITLES.items():
        parts += ["", f"## {title}", ""]
        parts += [entry(one) for one in declarations if one.group == group]
    (HERE / "operators.md").write_text("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
