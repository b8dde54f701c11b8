"""NIQE's model: fit, save, load, score, and files that are none."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from skimage import data

from diptych.core.errors import ImageError, ParameterError
from diptych.metrics import NiqeModel, niqe, niqe_model, why_unsuited


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    return [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]


@pytest.fixture(scope="module")
def fitted(photographs) -> NiqeModel:
    return NiqeModel.fit(photographs, name="four pictures", source="scikit-image", sharpness=0.2)


def test_what_is_saved_comes_back(fitted, tmp_path):
    path = tmp_path / "model.npz"
    fitted.save(path)
    again = NiqeModel.load(path)
    assert (again.name, again.source, again.patch) == ("four pictures", "scikit-image", 96)
    assert np.array_equal(again.mean, fitted.mean)
    assert np.array_equal(again.covariance, fitted.covariance)
    assert again.score(data.coffee()) == fitted.score(data.coffee())
    assert [one.name for one in tmp_path.iterdir()] == ["model.npz"]


def test_a_model_likes_what_it_was_fitted_on(fitted, photographs):
    grainy = [
        np.clip(one + np.random.default_rng(0).normal(0, 25, one.shape), 0, 255).astype(np.uint8) for one in photographs
    ]
    assert all(fitted.score(worse) > fitted.score(good) for worse, good in zip(grainy, photographs, strict=True))


def test_only_sharp_patches_are_used(photographs):
    few = NiqeModel.fit(photographs, name="a", sharpness=0.3)
    many = NiqeModel.fit(photographs, name="a", sharpness=0)
    soft = [
        one // 8 + 100 for one in photographs
    ]  # below the sharpest of its own picture only, so a picture for itself
    assert not np.allclose(few.mean, many.mean)
    # The width of the normalised luma grows with contrast.
    assert few.mean[1] > many.mean[1] > NiqeModel.fit(soft, name="a", sharpness=0).mean[1]


def test_other_patches(photographs):
    small = NiqeModel.fit(photographs, name="small patches", patch=48, sharpness=0.2)
    assert small.patch == 48
    assert small.score(data.coffee()[:100, :100]) > 0


def test_the_packaged_model():
    model = NiqeModel.packaged()
    assert model is NiqeModel.packaged()
    assert model.name
    assert "pictures" in model.source
    assert model.score(data.coffee()) == niqe(data.coffee())
    assert niqe_model.NiqeModel is NiqeModel


def test_a_model_cannot_be_changed(fitted):
    with pytest.raises(ValueError, match="read-only"):
        fitted.mean[0] = 1
    with pytest.raises(AttributeError):
        fitted.name = "other"


def test_too_little_to_fit(photographs):
    with pytest.raises(ImageError, match="only 0 sharp patches"):
        NiqeModel.fit([], name="nothing")
    with pytest.raises(ImageError, match="only 0 sharp patches"):
        NiqeModel.fit([np.full((960, 960), 0.5)], name="flat")
    with pytest.raises(ImageError, match="37 or more"):
        NiqeModel.fit(photographs[:1], name="one picture")
    with pytest.raises(ImageError, match=r"patches need 96"):
        NiqeModel.fit([np.zeros((50, 200))], name="small")
    with pytest.raises(ImageError, match="image 1"):
        NiqeModel.fit([photographs[0], None], name="none")


@pytest.mark.parametrize("bad", [{"patch": 95}, {"patch": 8}, {"patch": 4096}, {"sharpness": 1}, {"sharpness": -0.1}])
def test_bad_parameters(bad):
    with pytest.raises(ParameterError, match=next(iter(bad))):
        NiqeModel.fit([], name="bad", **bad)


@pytest.mark.parametrize(
    ("mean", "covariance"),
    [
        (np.zeros(35), np.eye(36)),
        (np.zeros(36), np.eye(35)),
        (np.full(36, np.nan), np.eye(36)),
        (np.zeros(36), np.full((36, 36), np.inf)),
        (np.zeros(36), np.triu(np.ones((36, 36)))),
    ],
)
def test_bad_numbers_are_refused(mean, covariance, tmp_path):
    with pytest.raises(ParameterError):
        NiqeModel(mean, covariance)
    path = tmp_path / "bad.npz"
    np.savez(path, mean=mean, covariance=covariance)
    with pytest.raises(ParameterError, match=r"bad\.npz: is no NIQE model"):
        NiqeModel.load(path)


def test_files_that_are_no_model(tmp_path):
    path = tmp_path / "model.npz"
    with pytest.raises(ParameterError, match="No such file"):
        NiqeModel.load(path)
    path.write_bytes(b"not a zip file")
    with pytest.raises(ParameterError, match="is no NIQE model"):
        NiqeModel.load(path)
    np.savez(path, mean=np.zeros(36))
    with pytest.raises(ParameterError, match="no array 'covariance'"):
        NiqeModel.load(path)
    np.savez(path, mean=np.array([object()] * 36), covariance=np.eye(36))
    with pytest.raises(ParameterError, match="is no NIQE model"):
        NiqeModel.load(path)
    path.write_bytes(b"0" * (1 << 21))
    with pytest.raises(ParameterError, match="more than 1048576 bytes"):
        NiqeModel.load(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", b"\0" * (1 << 24))
    with pytest.raises(ParameterError, match="unpacks to more"):
        NiqeModel.load(path)


def test_the_published_names_of_the_arrays(fitted, tmp_path):
    path = tmp_path / "published.npz"
    np.savez(path, mu_pris_param=fitted.mean[np.newaxis], cov_pris_param=fitted.covariance)
    model = NiqeModel.load(path)
    assert model.name == "published.npz"
    assert np.array_equal(model.mean, fitted.mean)


def test_which_pictures_are_suited():
    good = data.coffee()
    assert why_unsuited(good) == ""
    assert why_unsuited(good[:, :, 0]) == "it is grey"
    assert why_unsuited(np.repeat(good[:, :, :1], 3, axis=2)) == "it is grey"
    assert why_unsuited(good[:200]) == "it is small"
    assert why_unsuited(good // 10 + 100) == "it is blurred"
    assert why_unsuited((255 * (good / 255) ** 3).astype(np.uint8)) == "it is dark or bright"
    assert why_unsuited(good // 64 * 64) in ("it looks drawn", "one level fills much of it")
    grain = np.random.default_rng(0).normal(0, 12, good.shape)
    assert why_unsuited(np.clip(good + grain, 0, 255).astype(np.uint8)) == "it is noisy"


def test_one_patch_and_one_patch_with_contrast_have_scores():
    image = data.astronaut()[200:296, 200:296]
    alone = niqe(image)
    assert 0 < alone < 100
    beside = np.full((96, 192, 3), 255, np.uint8)
    beside[:, :90] = image[:, :90]
    assert 0 < niqe(beside) < 1000
