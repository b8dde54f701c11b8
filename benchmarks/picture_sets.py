"""Lists of pictures (``sets/*.txt``), enhancers by their names, and what these make of the pictures, kept in a folder."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage

import diptych as dp
from diptych.core.image import Image, to_float
from diptych.core.wishes import Wishes
from diptych.recipes import Planner, Recipe, auto, step, wished
from diptych.runtime import DefaultEnhancer, default_model, open_enhancer
from diptych.runtime.default import DEFAULT, PACKAGED
from diptych.runtime.resolve import is_model, resolve_enhancer

SETS = Path(__file__).resolve().parent / "sets"
SIDE = 512
ROOMS = ("core", "operators", "recipes", "runtime", "models")
STRENGTH = re.compile(r"@[\d.]+$")
PROFILES = ("best", "fast")
BALANCE = ("warmth", "tint")


@dataclass(frozen=True)
class Pictures:
    """The pictures under a folder; ``skimage/NAME`` are those that scikit-image brings along."""

    root: Path

    def listed(self, name: str) -> list[str]:
        """Return the names of a set; a line of its file may hold a ``*``."""
        found: list[str] = []
        for line in (SETS / f"{name}.txt").read_text().splitlines():
            if "*" in line:
                found += sorted(str(path.relative_to(self.root)) for path in self.root.glob(line))
            elif line and not line.startswith("#"):
                found.append(line)
        return found

    def path(self, name: str) -> Path:
        folder, _, file = name.partition("/")
        return Path(skimage.data_dir, file) if folder == "skimage" else self.root / name

    def read(self, name: str, side: int | None = None) -> Image:
        """Return a picture, reduced so that its longer side is at most `side`."""
        image = dp.read(self.path(name)).pixels
        return image if side is None else reduced(image, side)


def reduced(image: Image, side: int) -> Image:
    factor = side / max(image.shape[:2])
    return Recipe(step("zoom", factor=factor, interpolation="area"))(image) if factor < 1 else image


class Entry:
    """An enhancer by its name, or a folder of outputs, with the outputs that it has made before.

    Names are ``input``, ``denoised`` (what `auto` does against noise and nothing else), a recipe's name or TOML file,
    ``default``, ``low_light``, a model's ``.onnx`` file, or a folder in which the outputs lie as the inputs lie under the root,
    with any suffix. ``:fast`` behind ``default`` or a model leaves the noise as it is; before a model that is no planner comes
    without it the denoising of `auto`. ``@0.5`` at the end is a strength; ``LABEL=`` may come first.
    """

    def __init__(self, text: str, work: Path) -> None:
        label, _, named = text.rpartition("=")
        self.label = label or named
        named, _, strength = named.rpartition("@") if STRENGTH.search(named) else (named, "", "1")
        self.strength = float(strength)
        source, _, profile = named.rpartition(":")
        self.source, self.profile = (source, profile) if source and profile in PROFILES else (named, "best")
        self.given = Path(self.source).is_dir()
        self.folder = Path(self.source) if self.given else work / f"{safe(self.label)}-{self._fingerprint()}"

    @property
    def is_model(self) -> bool:
        return is_model(self.source)

    @functools.cached_property
    def enhance(self) -> Callable[[Image], Image]:
        found = self.at_profile(self.profile)
        return found if self.strength == 1 else wished(found, Wishes(strength=self.strength))

    def at_profile(self, profile: str) -> Callable[[Image], Image]:
        if self.source == "input":
            return lambda image: image
        if self.source == "denoised":
            return lambda image: auto.plan(image).denoising(image)
        if self.source == DEFAULT:
            return DefaultEnhancer(profile=profile)
        if self.is_model:
            model = open_enhancer(default_model() if self.source == PACKAGED else self.source)
            if isinstance(model, Planner):
                return wished(model, Wishes(denoise=-1)) if profile == "fast" else model
            return model if profile == "fast" else lambda image: model(auto.plan(image).denoising(image))
        return resolve_enhancer(self.source)

    def output(self, name: str, image: Image) -> Image | None:
        """Return what the enhancer makes of an image, kept under this name; None where a folder does not have it."""
        target = (self.folder / name).with_suffix(".png")
        if self.given:
            return self.apply(name, image)
        if target.is_file():
            return dp.read(target).pixels
        result = self.enhance(image)
        target.parent.mkdir(parents=True, exist_ok=True)
        dp.write(target, result, overwrite=True)
        return result

    def apply(self, name: str, image: Image) -> Image | None:
        """Return what the enhancer makes of an image, or has in its folder under this name, without keeping it."""
        if not self.given:
            return self.enhance(image)
        place = self.folder / name
        found = sorted(place.parent.glob(f"{place.stem}.*"))
        return dp.read(found[0]).pixels if found else None

    def prepared(self, image: Image) -> Image:
        """Return the image after the denoising and the white balance of the enhancer's plan, if it has one."""
        plan = None if self.given else getattr(self.enhance, "plan", None)
        recipe = None if plan is None else plan(image)
        if not isinstance(recipe, Recipe):
            return image
        balances = [dict(one.parameters) for one in recipe.steps if one.operator == "develop"]
        own = [step("develop", **{key: number for key, number in one.items() if key in BALANCE}) for one in balances]
        return Recipe(*recipe.denoising.steps, *own)(to_float(image))

    def _fingerprint(self) -> str:
        """Return a hash of the code and of the file, so that a change of either makes new outputs."""
        state = hashlib.sha256(f"{self.source} {self.profile} {self.strength}".encode())
        package = Path(dp.__file__).parent
        for room in ROOMS:
            for path in sorted((package / room).rglob("*")):
                if path.suffix in {".py", ".onnx", ".npz"}:
                    state.update(path.read_bytes())
        if Path(self.source).is_file():
            state.update(Path(self.source).read_bytes())
        return state.hexdigest()[:8]


def safe(label: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in label)


def darkened(image: Image) -> Image:
    """Return a good photograph with a tenth of the light, without noise, in 16 bits."""
    light = (image.astype(np.float64) / np.iinfo(image.dtype).max) ** 2.2 * 0.1
    return np.rint(65535 * light ** (1 / 2.2)).astype(np.uint16)
