"""The denoiser: it takes away the noise it is told of, and nothing else."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image as Pillow
from skimage import data

import diptych as dp
from diptych.core.errors import BundleError, ParameterError
from diptych.core.image import Image, to_float
from diptych.core.noise import NoiseModel, measure_noise
from diptych.core.wishes import Wishes
from diptych.large.rows import ArrayRows
from diptych.large.statistics import planned
from diptych.large.steps import after_steps
from diptych.recipes import Planned, Recipe, step
from diptych.recipes.denoise import ToldNoise
from diptych.runtime import (
    DefaultEnhancer,
    EnhancerChoice,
    OnnxDenoiser,
    default_model,
    open_enhancer,
    packaged_denoiser,
    resolve_enhancer,
)
from diptych.runtime import (
    denoiser as denoiser_module,
)

SIGMA = 15 / 255
DENOISER = packaged_denoiser()


def told(sigma: float = SIGMA, correlation: float = 1.0) -> ToldNoise:
    """Return what is told of white noise of RGB values."""
    return ToldNoise(
        ((0.0, 0.668 * sigma, 0.661 * sigma), (1.0, 0.668 * sigma, 0.661 * sigma)), ((correlation, correlation),)
    )


def told_grey(channels: int = 1, sigma: float = SIGMA) -> ToldNoise:
    return ToldNoise(tuple((b, *[sigma] * channels) for b in (0.0, 1.0)), ((1.0, 1.0),))


def psnr(one: Image, other: Image) -> float:
    return float(-10 * np.log10(np.mean((one.astype(float) - other.astype(float)) ** 2) / 255**2))


@pytest.fixture(scope="module")
def clean() -> Image:
    return np.ascontiguousarray(data.astronaut()[:200, 150:390])


@pytest.fixture(scope="module")
def noisy(clean: Image) -> Image:
    noise = np.random.default_rng(0).normal(0, 255 * SIGMA, clean.shape)
    return np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)


def test_it_takes_noise_away(clean: Image, noisy: Image) -> None:
    assert psnr(DENOISER.denoise(noisy, told()), clean) > psnr(noisy, clean) + 7
    assert psnr(DENOISER(noisy), clean) > psnr(noisy, clean) + 6


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_channels_are_denoised_each_for_itself(channels: int, clean: Image, noisy: Image) -> None:
    planes = [noisy[:, :, c % 3] for c in range(channels)]
    result = DENOISER.denoise(np.stack(planes, 2), told_grey(channels))
    alone = [DENOISER.denoise(plane, told_grey()) for plane in planes]
    assert np.array_equal(result, np.stack(alone, 2))
    assert psnr(alone[0], clean[:, :, 0]) > psnr(planes[0], clean[:, :, 0]) + 5


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("nothing", ["sigma", "strength"])
def test_without_noise_or_strength_nothing_changes_bit_for_bit(dtype: str, nothing: str, noisy: Image) -> None:
    image = noisy.astype(dtype) / np.array(255, dtype) if dtype.startswith("f") else noisy.astype(dtype)
    noise, strength = (told(0.0), 1.0) if nothing == "sigma" else (told(), 0.0)
    result = DENOISER.denoise(image, noise, strength=strength)
    assert result.dtype == image.dtype
    assert np.array_equal(result, image)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_where_a_brightness_has_no_noise_it_stays_bit_for_bit(dtype: str, noisy: Image) -> None:
    half = np.tile(np.linspace(0.1, 0.9, 256), (128, 1))[:, :, np.newaxis].repeat(3, 2)
    image = half + np.random.default_rng(1).normal(0, 0.02, half.shape) * (half > 0.6)
    white = 1 if dtype.startswith("f") else np.iinfo(dtype).max
    image = (np.clip(image, 0, 1) * white).astype(dtype)
    noise = ToldNoise(((0.0, 0.0, 0.0), (0.5, 0.0, 0.0), (0.6, 0.02, 0.02), (1.0, 0.02, 0.02)), ((1.0, 1.0),))
    result = DENOISER.denoise(image, noise)
    assert np.array_equal(result[:, :110], image[:, :110])
    assert not np.array_equal(result[:, 200:], image[:, 200:])


def test_strength_scales_what_is_taken_away(noisy: Image) -> None:
    image = noisy.astype(np.float32) / 255
    whole = DENOISER.denoise(image, told()) - image
    part = DENOISER.denoise(image, told(), strength=0.25) - image
    inside = (image > 0.2) & (image < 0.8)
    assert np.abs(part - 0.25 * whole)[inside].max() < 1e-6
    assert np.abs(whole).max() < 6 * 3 * SIGMA
    beyond = DENOISER.denoise(image, told(), strength=1.5)
    assert np.array_equal(beyond, DENOISER.denoise(image, told(1.5 * SIGMA)))


def test_every_depth_gives_the_same(noisy: Image) -> None:
    results = [
        DENOISER.denoise(noisy, told()).astype(float),
        DENOISER.denoise(noisy.astype(np.uint16) * 257, told()) / 257,
        255 * DENOISER.denoise((noisy / 255).astype(np.float32), told()),
        255 * DENOISER.denoise(noisy / 255, told()),
    ]
    for one in results[1:]:
        assert np.abs(one - results[0]).max() <= 0.501


def test_eight_bits_may_be_written_as_sixteen_before_the_next_step(noisy: Image) -> None:
    deep = DENOISER.denoise(noisy, told(), dtype=np.dtype(np.uint16))
    assert deep.dtype == np.uint16
    assert np.abs(deep.astype(int) - DENOISER.denoise(noisy.astype(np.uint16) * 257, told())).max() <= 1
    for sigma, strength in ((0.0, 1.0), (SIGMA, 0.0)):
        assert np.array_equal(
            DENOISER.denoise(noisy, told(sigma), strength=strength, dtype=np.dtype(np.uint16)), noisy * np.uint16(257)
        )
    recipe = Recipe(
        step("denoise", model=DENOISER, **told()._asdict()), step("develop", exposure=2, shadows=1, local=0.5)
    )
    floats = recipe((noisy / 255).astype(np.float32))
    assert np.abs(recipe(noisy) - 255 * floats).max() < 1


@pytest.mark.parametrize("tile", [(48, 60), (100, 1000)])
def test_tiles_are_the_whole(tile: tuple[int, int], noisy: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    image = (noisy[:171, :203] / 255).astype(np.float32)
    whole = OnnxDenoiser(default_model("denoise"), threads=1).denoise(image, told())
    monkeypatch.setattr(denoiser_module, "_ROWS", tile[0])
    monkeypatch.setattr(denoiser_module, "_COLUMNS", tile[1])
    assert np.array_equal(OnnxDenoiser(default_model("denoise"), threads=2).denoise(image, told()), whole)


def test_by_rows_it_is_the_same_as_in_memory(noisy: Image) -> None:
    image = np.ascontiguousarray(np.tile(noisy, (3, 1, 1))[:501])
    one = step("denoise", model=DENOISER, **told()._asdict())
    rows = after_steps([one], ArrayRows(image))
    parts = [rows.read(first, min(first + 77, 501)) for first in range(0, 501, 77)]
    assert np.array_equal(np.concatenate(parts), one(to_float(image)))
    assert np.abs(255 * np.concatenate(parts) - one(image)).max() < 1.5


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (7, 1, 3), (5, 3), (41, 83, 3), (4, 130, 1)])
def test_any_size(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(90, 160, shape).astype(np.uint8)
    noise = told() if shape[-1] == 3 and len(shape) == 3 else told_grey()
    result = DENOISER.denoise(image, noise)
    assert result.shape == shape
    assert result.dtype == np.uint8


def test_a_flat_picture_stays_flat() -> None:
    for value in (0, 77, 255):
        image = np.full((60, 70, 3), value, np.uint8)
        assert np.abs(DENOISER.denoise(image, told()).astype(int) - value).max() <= 1
        assert np.array_equal(DENOISER(image), image)


def test_a_jpeg_that_was_saved_ten_times_keeps_its_pixels(clean: Image) -> None:
    picture = clean
    for _ in range(10):
        file = io.BytesIO()
        Pillow.fromarray(picture).save(file, "JPEG", quality=70)
        picture = np.asarray(Pillow.open(file))
    taken = dp.plan(picture).denoising(picture).astype(float) - picture
    assert taken.std() < 2.5
    assert psnr(DENOISER(picture), clean) > psnr(picture, clean) - 0.5


def test_a_drawing_keeps_its_pixels() -> None:
    y, x = np.mgrid[0:200, 0:300]
    drawing = np.full((200, 300, 3), 250, np.uint8)
    drawing[(x - 90) ** 2 + (y - 100) ** 2 < 3600] = (200, 30, 40)
    drawing[(x + y) % 40 < 3] = 0
    assert not dp.plan(drawing).denoising.steps
    assert np.array_equal(DENOISER(drawing), drawing)


@pytest.mark.parametrize("sigma", [1e-5, 200 / 255, 1.0])
def test_any_sigma(sigma: float, noisy: Image) -> None:
    result = DENOISER.denoise(noisy, told(sigma))
    assert np.isfinite(result).all()


def test_told_noise_of_a_model(noisy: Image) -> None:
    white = ToldNoise.of(NoiseModel(np.array([0.0, 1]), np.stack([np.eye(3) * 0.01**2] * 2), np.ones((2, 8, 8))))
    assert white.correlation == ((1.0, 1.0), (1.0, 1.0))
    assert abs(white.levels[0][1] - 0.0067) < 1e-4
    smooth = np.zeros((2, 8, 8))
    smooth[:, :2, :2] = 16
    correlated = ToldNoise.of(NoiseModel(np.array([0.0, 1]), np.stack([np.eye(3) * 0.01**2] * 2), smooth))
    assert 1.8 < correlated.correlation[0][0] <= 2
    assert 3 < correlated.correlation[0][1] <= 4
    assert ToldNoise.of(measure_noise(np.full((64, 64), 0.5))).nothing
    assert white.scaled((2.0, 1.0)).levels[0][1] == pytest.approx(2 * white.levels[0][1])


def test_a_step_of_a_recipe_is_saved_by_name_and_numbers(noisy: Image) -> None:
    recipe = Recipe(step("denoise", model=DENOISER, **told()._asdict()), step("gamma", gamma=0.9))
    read = Recipe.from_toml(recipe.to_toml())
    assert read.unbound == {"denoise"}
    assert np.array_equal(resolve_enhancer(EnhancerChoice(recipe=read))(noisy), recipe(noisy))
    assert read.bind(DENOISER) == recipe
    assert np.array_equal(pickle.loads(pickle.dumps(recipe))(noisy), recipe(noisy))
    with pytest.raises(ParameterError, match="only the name"):
        read(noisy)
    other = Recipe.from_toml(recipe.to_toml().replace(DENOISER.reference, "other@0123456789ab"))
    with pytest.raises(ParameterError, match="denoise: the recipe was made with the model other@0123456789ab"):
        resolve_enhancer(EnhancerChoice(recipe=other))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"levels": ((0, 0.1),)}, "levels of 1 rows do not fit an image of 3 channels"),
        ({"levels": ((0.5, 0.1, 0.1), (0.5, 0.1, 0.1))}, "does not rise"),
        ({"levels": ((0, 0.1, 0.1),), "correlation": ((1.0,),)}, "correlation"),
        ({"levels": ((0, float("nan"), 0.1),)}, "levels"),
        ({"levels": ((0, 0.1, 0.1),), "strength": 3.0}, "strength"),
    ],
)
def test_what_does_not_fit_is_refused(parameters: dict[str, object], words: str, noisy: Image) -> None:
    with pytest.raises(ParameterError, match=words):
        step("denoise", model=DENOISER, **parameters)(noisy)


def test_the_default_takes_it_where_its_plan_denoises(noisy: Image) -> None:
    dark = (0.3 * noisy).astype(np.uint8)
    plan = dp.plan(dark)
    assert plan.steps[0].operator == "denoise"
    assert np.array_equal(dp.enhance(dark), plan(dark))
    half, none = (dp.plan(dark, denoise=wish).steps[0] for wish in (-0.5, -1))
    assert dict(half.parameters)["strength"] == pytest.approx(dict(plan.steps[0].parameters)["strength"] / 2, abs=1e-3)
    assert none.operator != "denoise"
    assert not DefaultEnhancer(profile="fast").plan(dark).denoising.steps


def test_it_is_a_model_in_the_package() -> None:
    assert isinstance(open_enhancer(default_model("denoise")), OnnxDenoiser)
    assert resolve_enhancer("denoise") == DENOISER
    assert DENOISER.metadata.precision == "int8"
    assert DENOISER.metadata.provenance["seed"]
    assert default_model("denoise").stat().st_size < 0.4 * 2**20
    with pytest.raises(BundleError, match="is no denoiser"):
        OnnxDenoiser(default_model())


def test_a_wish_for_more_denoising_means_it_where_the_plan_has_none(clean: Image, noisy: Image) -> None:
    assert not dp.plan(clean).denoising.steps
    wished = dp.plan(clean, denoise=0.5).steps[0]
    assert (wished.operator, dict(wished.parameters)["strength"]) == ("denoise", 0.5)
    by_rows = planned(Planned(DefaultEnhancer(), Wishes(denoise=0.5)), ArrayRows(clean))
    assert by_rows.steps[0].operator == "denoise"
    assert dp.plan(clean, "auto", denoise=0.5).steps[0].operator == "denoise_photo"
