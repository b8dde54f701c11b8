"""Calibration: parameters of denoisers chosen from the noisy picture alone."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data, restoration

import diptych as dp
from diptych.cli.app import main
from diptych.core.calibration import probes
from diptych.core.errors import ParameterError, RecipeError
from diptych.core.image import from_float, to_float
from diptych.core.operator import calibrated
from diptych.recipes import Recipe, calibrate, step

GRIDS = {
    "denoise_nlm": ("strength", np.geomspace(0.006, 0.3, 18)),
    "denoise_tv": ("weight", np.geomspace(0.006, 0.4, 18)),
    "denoise_wavelet": ("sigma", np.geomspace(0.006, 0.4, 18)),
    "denoise_bilateral": ("sigma_color", np.geomspace(0.01, 0.8, 18)),
    "denoise_photo": ("luma", np.geomspace(0.003, 0.2, 18)),
    "gaussian": ("sigma", np.geomspace(0.2, 4, 18)),
    "median": ("size", [1, 3, 5, 7]),
}
CLEAN = to_float(data.camera())[60:252, 60:252].astype(np.float32)


def psnr(image, clean=CLEAN) -> float:
    return float(-10 * np.log10(np.mean((to_float(image) - clean) ** 2)))


def noisy(sigma: float, clean=CLEAN, seed: int = 3) -> np.ndarray:
    values = clean + np.random.default_rng(seed).normal(0, sigma / 255, clean.shape)
    return from_float(np.clip(values, 0, 1).astype(np.float32), np.dtype(np.uint8))


def chosen(one: dp.Step, name: str):
    return dict(one.parameters)[name]


@pytest.mark.parametrize("sigma", [5, 25, 50])
@pytest.mark.parametrize("name", sorted(GRIDS))
def test_auto_is_near_the_best_parameter(name, sigma):
    image, (parameter, grid) = noisy(sigma), GRIDS[name]
    best = max(psnr(step(name, **{parameter: value})(image)) for value in grid)
    slack = 1.5 if name == "denoise_photo" else 0.5  # there it is the measured noise, and nothing is searched for
    assert psnr(step(name, **{parameter: "auto"})(image)) > best - slack


def test_noise_that_grows_with_brightness():
    values = np.random.default_rng(1).poisson(30 * CLEAN) / 30
    image = np.clip(values, 0, 1).astype(np.float32)
    best = max(psnr(dp.operators.denoise_nlm(image, strength=value)) for value in GRIDS["denoise_nlm"][1])
    assert psnr(dp.operators.denoise_nlm(image, strength="auto")) > best - 0.3


def test_invariance_agrees_with_scikit_image():
    image = to_float(noisy(25)).astype(np.float32)
    grid = [0.4, 0.6, 0.8, 1.0, 1.4, 2.0]
    ours = calibrate(image, "gaussian", parameters={"sigma": grid}, method="invariant")
    theirs = restoration.calibrate_denoiser(
        image, lambda picture, sigma: dp.operators.gaussian(np.clip(picture, 0, 1), sigma=sigma), {"sigma": grid}
    )
    # Neither asks about every pixel, and not about the same ones.
    assert abs(grid.index(chosen(ours, "sigma")) - grid.index(theirs.keywords["denoiser_kwargs"]["sigma"])) <= 1


def test_invariance_smooths_too_much_in_weak_noise():
    image = noisy(5)
    auto, blind = (psnr(calibrate(image, "denoise_nlm", method=how)(image)) for how in ("recorrupted", "invariant"))
    assert auto > blind + 1


def test_every_depth_and_the_plan_choose_the_same():
    recipe = Recipe(step("denoise_nlm", strength="auto"))
    image = noisy(20)
    plans = [recipe.plan(one) for one in (image, to_float(image), to_float(image).astype(np.float64))]
    assert plans[0] == plans[1] == plans[2] == recipe.plan(image)
    assert np.array_equal(recipe(image), plans[0](image))
    assert isinstance(chosen(plans[0].steps[0], "strength"), float)


def test_in_a_recipe_the_picture_before_the_step_decides():
    image = from_float(0.3 * to_float(noisy(20)), np.dtype(np.uint8))
    brighter = step("develop", exposure=3.5)
    recipe = Recipe(brighter, step("denoise_nlm", strength="auto"), step("gamma", gamma=0.9))
    planned = recipe.plan(image)
    assert not any(one.undecided for one in planned.steps)
    alone = Recipe(recipe.steps[1]).plan(image)
    assert chosen(planned.steps[1], "strength") > 2 * chosen(alone.steps[0], "strength")
    assert np.abs(recipe(image).astype(int) - planned(image)).max() <= 1  # kept in 16 bits between steps, or in floats


def test_recipe_files_keep_the_word():
    recipe = Recipe(step("denoise_tv", weight="auto"), step("median", size="auto"))
    assert 'weight = "auto"' in recipe.to_toml()
    assert Recipe.from_toml(recipe.to_toml()) == recipe
    with pytest.raises(RecipeError, match="or auto"):
        Recipe.from_toml(recipe.to_toml().replace('"auto"', '"best"'))


def test_a_step_that_is_chosen_needs_the_whole_image():
    declaration = dp.operators.declaration("denoise_nlm")
    assert declaration.halo(strength=0.1, patch=5, search=13) == 9
    assert declaration.halo(strength="auto", patch=5, search=13) is None


def test_json_schema_takes_numbers_and_the_word():
    schema = dp.operators.declaration("denoise_nlm").parameter("strength").schema()
    assert schema["type"] == ["number", "string"]
    assert (schema["minimum"], schema["maximum"], schema["pattern"]) == (0, 1, "^auto$")


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (15, 15, 3), (16, 17, 2), (300, 5)])
@pytest.mark.parametrize("name", GRIDS)
def test_small_pictures_are_hardly_changed_but_not_refused(name, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    result = step(name, **{GRIDS[name][0]: "auto"})(image)
    assert result.shape == shape
    if min(shape[:2]) < 16:
        assert np.abs(result.astype(int) - image).max() <= 3


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_without_noise_the_value_that_changes_least_is_taken(value):
    flat = np.full((64, 64, 3), value, np.float32)
    assert chosen(calibrate(flat, "denoise_nlm"), "strength") == 0.002
    assert chosen(calibrate(flat, "median"), "size") == 1
    assert chosen(calibrate(flat, "median", method="invariant"), "size") == 1


def test_listed_values_are_combined_with_auto():
    image = noisy(25)
    one = calibrate(image, step("denoise_nlm", strength="auto"), parameters={"patch": [3, 5], "search": [5, 9]})
    assert one.undecided == ()
    assert chosen(one, "patch") in (3, 5)
    alone = calibrate(image, step("denoise_nlm", strength="auto", patch=3, search=5))
    assert psnr(one(image)) > psnr(alone(image)) - 0.05
    assert chosen(calibrate(image, "gaussian", parameters={"sigma": [0.1, 0.9, 5.0]}), "sigma") == 0.9


def test_two_parameters_of_one_step():
    clean = to_float(data.astronaut())[:96, 160:256]
    image = noisy(20, clean)
    one = calibrate(image, step("denoise_photo", luma="auto", chroma="auto"))
    assert 0.02 < chosen(one, "luma") < 0.2
    assert psnr(one(image), clean) > psnr(image, clean) + 5


def test_a_large_picture_costs_no_more_than_a_part():
    image = np.random.default_rng(0).random((3000, 2000, 3), np.float32)
    for method, most in (("recorrupted", 2), ("invariant", 1)):
        asked = probes(image, method)
        assert sum(probe.picture.size for probe in asked) <= most * 16 * 128 * 128 * 3


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            lambda image: step("denoise_nlm", strength="automatic"),
            "strength = 'automatic' is not allowed; give 0 to 1, or",
        ),
        (lambda image: step("gamma", gamma="auto"), "gamma = 'auto'"),
        (lambda image: calibrate(image, "gamma"), "no parameter that may be auto"),
        (lambda image: calibrate(image, "denoise_nlm", parameters={"strenght": [0.1]}), "did you mean 'strength'"),
        (lambda image: calibrate(image, "denoise_nlm", parameters={"strength": []}), "not a list of values"),
        (lambda image: calibrate(image, "denoise_nlm", parameters={"strength": "auto"}), "not a list of values"),
        (lambda image: calibrate(image, "denoise_nlm", parameters={"strength": [2.0]}), "0 to 1"),
    ],
)
def test_bad_calls_are_refused(call, reason):
    with pytest.raises(ParameterError, match=reason):
        call(noisy(10))


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(ParameterError, match="step"):
        calibrate(noisy(10), 3)


def test_the_choice_is_one_of_an_operator_s_own_parameters():
    declaration = dp.operators.declaration("denoise_nlm")
    image = to_float(noisy(10))[:, :, np.newaxis]
    given = declaration.check({"patch": 3, "strength": "auto"})
    found = calibrated(declaration, image, given)
    assert found["patch"] == 3
    assert declaration.check(found) == found


def test_on_the_command_line(tmp_path, capsys):
    dp.write(tmp_path / "noisy.png", noisy(20))
    out = tmp_path / "calm.png"
    with pytest.raises(SystemExit) as caught:
        main(["enhance", str(tmp_path / "noisy.png"), "--op", "denoise_nlm", "strength=auto", "-o", str(out)])
    assert not caught.value.code
    assert psnr(dp.read(out).pixels) > psnr(noisy(20)) + 4
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["show", str(tmp_path / "noisy.png"), "--plan", "--op", "denoise_nlm", "strength=auto"])
    planned = Recipe.from_toml(capsys.readouterr().out)
    assert np.array_equal(planned(noisy(20)), dp.read(out).pixels)
