"""OME-Zarr: what is written is read, by us and by its specification, and others' pictures are read."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import diptych as dp
from diptych.core.errors import PhotoExistsError, PhotoFormatError
from diptych.large import enhance_large
from diptych.large.ome import ZarrRows, write_zarr
from diptych.large.rows import ArrayRows
from diptych.recipes import Recipe, step

zarr = pytest.importorskip("zarr")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_there_and_back(tmp_path, scene, dtype, channels):
    image = scene("day", dtype, (700, 600))
    image = np.concatenate([image, image], axis=2)[:, :, :channels]
    write_zarr(tmp_path / "a.ome.zarr", ArrayRows(image))
    rows = ZarrRows(tmp_path / "a.ome.zarr")
    assert (rows.shape, rows.dtype) == (image.shape, image.dtype)
    assert np.array_equal(rows.read(0, 700), image)
    assert np.array_equal(rows.read(511, 514), image[511:514])
    facts = json.loads((tmp_path / "a.ome.zarr" / "zarr.json").read_text())["attributes"]["ome"]
    assert facts["version"] == "0.5"
    assert [axis["name"] for axis in facts["multiscales"][0]["axes"]] == ["c", "y", "x"]
    assert [one["path"] for one in facts["multiscales"][0]["datasets"]] == ["0", "1"]
    with pytest.raises(PhotoExistsError, match="`overwrite=True`"):
        write_zarr(tmp_path / "a.ome.zarr", ArrayRows(image))
    write_zarr(tmp_path / "a.ome.zarr", ArrayRows(255 - image if dtype == "uint8" else image), overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_pictures_of_others(tmp_path, scene):
    image = scene("day")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(str(tmp_path / "old.zarr"), mode="w", zarr_format=2)
        group.create_array("full", shape=(1, 3, 1, *image.shape[:2]), chunks=(1, 1, 1, 64, 64), dtype="uint8")
        group["full"][:] = np.moveaxis(image, 2, 0)[np.newaxis, :, np.newaxis]
        axes = [{"name": name} for name in "tczyx"]
        group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [{"path": "full"}]}]
        zarr.save_array(str(tmp_path / "plain.zarr"), image)
    for name in ("old.zarr", "plain.zarr"):
        assert np.array_equal(ZarrRows(tmp_path / name).read(0, len(image)), image)


def test_what_is_no_picture(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.save_array(str(tmp_path / "int.zarr"), np.zeros((4, 4), np.int64))
        group = zarr.open_group(str(tmp_path / "deep.zarr"), mode="w")
        group.create_array("0", shape=(5, 4, 4), dtype="uint8")
        axes = [{"name": name} for name in "zyx"]
        group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
        zarr.open_group(str(tmp_path / "empty.zarr"), mode="w")
    (tmp_path / "none.zarr").mkdir()
    for name, words in (
        ("int.zarr", "convert it"),
        ("deep.zarr", "several pictures"),
        ("empty.zarr", "multiscales"),
        ("none.zarr", "is no Zarr"),
        ("missing.zarr", "is no Zarr"),
    ):
        with pytest.raises(PhotoFormatError, match=words):
            ZarrRows(tmp_path / name)


def test_from_tiff_to_zarr_and_back(tmp_path, scene):
    image, recipe = scene("day"), Recipe(step("gamma", gamma=0.5))
    dp.write(tmp_path / "a.tif", image)
    enhance_large(tmp_path / "a.tif", tmp_path / "b.zarr", recipe)
    enhance_large(tmp_path / "b.zarr", tmp_path / "c.tif", Recipe())
    assert np.array_equal(dp.read(tmp_path / "c.tif").pixels, recipe(image))
