"""Folders of pictures: what they list, hand out, keep, pass over and refuse."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from PIL import Image

from diptych.core.errors import DataError, DiptychError, ParameterError
from diptych.data import PhotoFolder
from diptych.data.cache import PictureCache
from diptych.photo import write
from diptych.recipes import Recipe, step


def picture(seed: int, size: tuple[int, int] = (40, 60), channels: int | None = 3, dtype: str = "uint8") -> np.ndarray:
    shape = size if channels is None else (*size, channels)
    values = np.random.default_rng(seed).random(shape)
    return values.astype(dtype) if dtype.startswith("float") else (values * np.iinfo(dtype).max).astype(dtype)


@pytest.fixture
def make(tmp_path):
    """Writes pictures 0.png, 1.png ... into a folder and returns it."""

    def make(count: int, **options):
        for number in range(count):
            # Not by `write`, which waits for the disk.
            Image.fromarray(picture(number, **options)).save(tmp_path / f"{number:03}.png")
        return tmp_path

    return make


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_names_are_sorted_posix_paths_of_all_subfolders(tmp_path):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for name in ("z.png", "b/x.tif", "b/deep/a.JPG", "b.png"):
        write(tmp_path / name, picture(0))
    (tmp_path / "notes.txt").write_text("no picture")
    folder = PhotoFolder(tmp_path)
    assert folder.names == ("b.png", "b/deep/a.JPG", "b/x.tif", "z.png")
    assert len(folder) == 4


def test_a_picture_is_what_the_file_holds(make):
    folder = PhotoFolder(make(3))
    image = folder.picture(2)
    np.testing.assert_array_equal(image, picture(2))
    assert image.flags.c_contiguous
    assert not image.flags.writeable
    with pytest.raises(IndexError):
        folder.picture(3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_depth_is_kept_without_a_recipe_and_is_sixteen_bits_after_one(tmp_path, dtype):
    for number in range(2):
        write(tmp_path / f"{number}.tif", picture(number, dtype=dtype))
    kept = PhotoFolder(tmp_path).picture(0)
    assert kept.dtype == (dtype if dtype != "float64" else "float32")
    prepared = PhotoFolder(tmp_path, preprocess=Recipe(step("stretch", low=1, high=99))).picture(0)
    assert prepared.dtype == np.uint16
    exact = Recipe(step("stretch", low=1, high=99))(np.float64(picture(0, dtype=dtype)) / white(dtype))
    np.testing.assert_allclose(prepared / 65535, exact, atol=1e-4)


def white(dtype: str) -> float:
    return 1.0 if dtype.startswith("float") else float(np.iinfo(dtype).max)


def test_a_recipe_sees_the_whole_picture_and_leaves_more_levels_than_eight_bits(tmp_path):
    dark = np.tile(np.linspace(0, 20, 256).astype(np.uint8), (256, 1))
    dark[:8] = 255  # what a crop further down does not see
    for number in range(2):
        write(tmp_path / f"{number}.png", dark)
    before = Recipe(step("stretch", low=0, high=100), step("gaussian", sigma=4.0), step("stretch", low=0, high=96))
    folder = PhotoFolder(tmp_path, preprocess=before, channels=1)
    crop = folder.crop(0, size=64, generator=generator())
    whole = before(dark / 255.0).astype(np.float32)
    assert min(
        np.abs(whole[y : y + 64, x : x + 64] - crop[..., 0]).max() for y in range(193) for x in range(193)
    ) == pytest.approx(0, abs=1e-4)
    assert len(np.unique(np.rint(folder.picture(0)[100:] / 257))) < len(np.unique(folder.picture(0)[100:]))


def test_grey_becomes_three_copies_and_colour_its_luma(tmp_path):
    write(tmp_path / "colour.png", picture(0))
    write(tmp_path / "grey.png", picture(1, channels=None))
    colours, greys = PhotoFolder(tmp_path), PhotoFolder(tmp_path, channels=1)
    np.testing.assert_array_equal(colours.picture(1), np.dstack([picture(1, channels=None)] * 3))
    luma = picture(0) @ np.array([0.299, 0.587, 0.114])
    assert greys.picture(0).shape == (40, 60, 1)
    assert np.abs(greys.picture(0)[..., 0] - luma).max() <= 0.5 + 1e-4


def test_the_luma_of_a_large_picture_has_no_seams(tmp_path):
    large = picture(0, size=(1000, 1500))
    for number in range(2):
        write(tmp_path / f"{number}.bmp", large)
    luma = large @ np.array([0.299, 0.587, 0.114])
    assert np.abs(PhotoFolder(tmp_path, channels=1).picture(0)[..., 0] - luma).max() <= 0.5 + 1e-4


def test_transparency_is_dropped(tmp_path):
    from diptych.photo import Photo

    for number in range(2):
        write(tmp_path / f"{number}.png", Photo(picture(number), alpha=picture(9, channels=None)))
    np.testing.assert_array_equal(PhotoFolder(tmp_path).picture(0), picture(0))


def test_other_channel_counts_are_named(tmp_path):
    for number in range(2):
        write(tmp_path / f"{number}.tif", picture(number, channels=5))
    assert PhotoFolder(tmp_path, channels=5).picture(0).shape == (40, 60, 5)
    with pytest.raises(DataError, match=r"0\.tif: has 5 channels, not 3; convert"):
        PhotoFolder(tmp_path).picture(0)


def test_crops_are_parts_of_the_picture_everywhere_alike(make):
    folder = PhotoFolder(make(2, size=(12, 10)))
    whole, rng, seen = np.float32(picture(0, size=(12, 10))) / np.float32(255), generator(), {}
    for _ in range(900):
        crop = folder.crop(0, size=8, generator=rng)
        assert crop.dtype == np.float32
        assert crop.shape == (8, 8, 3)
        (place,) = [(y, x) for y in range(5) for x in range(3) if np.array_equal(whole[y : y + 8, x : x + 8], crop)]
        seen[place] = seen.get(place, 0) + 1
    assert len(seen) == 15
    assert min(seen.values()) > 30  # 60 expected, standard deviation 7.5
    assert folder.undersized == ()


def test_a_smaller_picture_is_continued_by_its_mirror_image_and_counted_once(make):
    folder = PhotoFolder(make(2, size=(5, 40)))
    for _ in range(3):
        crop = folder.crop(1, size=16, generator=generator())
    assert folder.undersized == ("001.png",)
    endless = np.pad(np.float32(picture(1, size=(5, 40))) / np.float32(255), ((20, 20), (0, 0), (0, 0)), "symmetric")
    assert any(np.array_equal(endless[y : y + 16, x : x + 16], crop) for y in range(30) for x in range(25))


def test_a_picture_of_one_pixel_can_be_cropped(make):
    crop = PhotoFolder(make(2, size=(1, 1))).crop(0, size=32, generator=generator())
    assert crop.shape == (32, 32, 3)
    assert np.ptp(crop, axis=(0, 1)).max() == 0


def test_an_unreadable_picture_is_passed_over_and_recorded_once(make):
    path = make(30)
    (path / "004.png").write_bytes((path / "004.png").read_bytes()[:200])
    folder = PhotoFolder(path)
    for _ in range(3):
        np.testing.assert_array_equal(folder.picture(4), picture(5))
    assert list(folder.skipped) == ["004.png"]
    assert folder.skipped["004.png"].startswith("is ")
    assert str(path) not in folder.skipped["004.png"]


def test_a_picture_that_breaks_in_the_middle_gives_way_to_the_next_readable_one(make):
    path = make(50)
    folder = PhotoFolder(path, cache_bytes=0)
    np.testing.assert_array_equal(folder.picture(49), picture(49))
    (path / "049.png").unlink()
    (path / "000.png").write_bytes(b"")
    np.testing.assert_array_equal(folder.picture(49), picture(1))
    assert sorted(folder.skipped) == ["000.png", "049.png"]
    assert "no such file" in folder.skipped["049.png"]


def test_more_than_a_twentieth_unreadable_is_an_error_that_says_what_to_do(make):
    path = make(60)
    for number in (7, 8, 9, 50):
        (path / f"{number:03}.png").write_bytes(b"\x89PNG but no more")
    folder = PhotoFolder(path)
    np.testing.assert_array_equal(folder.picture(7), picture(10))  # 3 of 60 are 5 %
    with pytest.raises(DataError, match=r"4 of 60 pictures.*007\.png.*008\.png.*009\.png.*\.\.\..*diptych check"):
        folder.picture(50)
    assert issubclass(DataError, DiptychError)
    assert issubclass(DataError, ValueError)


def test_in_a_tiny_folder_one_bad_picture_is_tolerated_and_two_are_not(make):
    path = make(3)
    (path / "000.png").write_bytes(b"")
    folder = PhotoFolder(path)
    np.testing.assert_array_equal(folder.picture(0), picture(1))
    (path / "002.png").write_bytes(b"")
    with pytest.raises(DataError, match="2 of 3"):
        folder.picture(2)


def test_a_part_shares_the_cache_and_the_record_of_skipped_files(make):
    path = make(40)
    (path / "030.png").write_bytes(b"")
    folder = PhotoFolder(path)
    first, second = folder.subset(folder.names[:30]), folder.subset(["031.png", "030.png"])
    assert second.names == ("030.png", "031.png")
    np.testing.assert_array_equal(second.picture(0), picture(31))
    assert folder.picture(31) is second.picture(1)
    assert list(folder.skipped) == list(second.skipped) == ["030.png"]
    assert first.skipped == {}
    with pytest.raises(DataError, match=r"has no picture '041\.png'"):
        folder.subset(["041.png"])
    with pytest.raises(DataError, match="no name"):
        folder.subset([])


def test_a_part_without_a_readable_picture_is_an_error(make):
    path = make(40)
    (path / "003.png").write_bytes(b"")
    with pytest.raises(DataError, match="none of 1 pictures can be read"):
        PhotoFolder(path).subset(["003.png"]).picture(0)


def test_names_may_be_chosen_at_once(make):
    folder = PhotoFolder(make(5), names=["004.png", "001.png"])
    assert folder.names == ("001.png", "004.png")
    with pytest.raises(DataError, match="has 1 picture"):
        PhotoFolder(folder.path, names=["004.png"])


def test_folders_that_are_none(tmp_path):
    with pytest.raises(DataError, match=r"missing: no such folder; check the path"):
        PhotoFolder(tmp_path / "missing")
    with pytest.raises(DataError, match="has no pictures"):
        PhotoFolder(tmp_path)
    write(tmp_path / "000.png", picture(0))
    with pytest.raises(DataError, match=r"1 picture; training needs at least 2"):
        PhotoFolder(tmp_path)
    with pytest.raises(DataError, match="is a file"):
        PhotoFolder(tmp_path / "000.png")
    write(tmp_path / "001.png", picture(1))
    for wrong in ({"channels": 0}, {"cache_bytes": -1}):
        with pytest.raises(ParameterError):
            PhotoFolder(tmp_path, **wrong)
    with pytest.raises(ParameterError, match="size = 0"):
        PhotoFolder(tmp_path).crop(0, size=0, generator=generator())


def test_the_fingerprint_sees_names_and_sizes_and_not_the_place(make, tmp_path):
    path = make(3)
    first = PhotoFolder(path).fingerprint()
    assert len(first) == 64
    assert first == PhotoFolder(path, channels=1).fingerprint()
    moved = path.rename(tmp_path.with_name("moved"))
    assert PhotoFolder(moved).fingerprint() == first
    (moved / "001.png").touch()
    assert PhotoFolder(moved).fingerprint() == first
    assert PhotoFolder(moved).subset(["001.png"]).fingerprint() != first
    write(moved / "001.png", picture(1, size=(41, 60)), overwrite=True)
    changed = PhotoFolder(moved).fingerprint()
    assert changed != first
    (moved / "001.png").rename(moved / "00l.png")
    assert PhotoFolder(moved).fingerprint() not in (first, changed)


def test_the_cache_keeps_the_last_used_within_its_bytes(make):
    size = 40 * 60 * 3
    folder = PhotoFolder(make(8), cache_bytes=7 * size)  # 4 pictures, and 3 times one while it is decoded
    for index in (0, 1, 2, 3, 0, 4, 0, 5):
        folder.picture(index)
    assert folder.bytes_decoded == 6 * size  # 0 was decoded once, and 1 had to go
    folder.picture(2)
    assert folder.bytes_decoded == 6 * size
    folder.picture(1)
    assert folder.bytes_decoded == 7 * size


def test_a_cache_of_nothing_decodes_every_time(make):
    folder = PhotoFolder(make(2), cache_bytes=0)
    for _ in range(3):
        folder.picture(0)
    assert folder.bytes_decoded == 3 * 40 * 60 * 3


class Counted:
    """Makes pictures of a size, slowly, and knows how many are being made at a time."""

    def __init__(self, size: int) -> None:
        self.size, self.now, self.most, self.calls = size, 0, 0, 0
        self.lock = threading.Lock()

    def __call__(self) -> np.ndarray:
        with self.lock:
            self.now, self.calls = self.now + 1, self.calls + 1
            self.most = max(self.most, self.now)
        time.sleep(0.01)
        with self.lock:
            self.now -= 1
        return np.zeros((1, self.size, 1), np.uint8)


def on_threads(count: int, work) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
        assert not thread.is_alive()


@pytest.mark.parametrize(("size", "most"), [(10, 6), (100, 3), (400, 1), (5000, 1)])
def test_what_is_being_made_counts_too(size, most):
    cache, make = PictureCache(1000), Counted(size)
    cache.get("first", make)  # now the size is known
    on_threads(6, lambda number: cache.get(str(number), make))
    assert make.most <= most
    assert cache.bytes <= 1000
    assert make.calls == 7


def test_threads_wait_for_the_same_picture_instead_of_making_it_twice():
    cache, make = PictureCache(1000), Counted(10)
    on_threads(8, lambda number: cache.get("one", make))
    assert make.calls == 1


def test_a_failure_reaches_all_who_wait_and_is_not_kept():
    cache, failures = PictureCache(1000), []

    def fail() -> np.ndarray:
        time.sleep(0.02)
        raise OSError("broken")

    def ask(number: int) -> None:
        try:
            cache.get("one", fail)
        except OSError as error:
            failures.append(error)

    on_threads(4, ask)
    assert len(failures) == 4
    assert cache.get("one", Counted(10)).nbytes == 10


def test_threads_see_the_same_pictures(make):
    path = make(30)
    (path / "003.png").write_bytes(b"")
    folder = PhotoFolder(path, cache_bytes=60_000)
    wrong = []

    def work(number: int) -> None:
        for index in np.random.default_rng(number).integers(0, 30, 40).tolist():
            if not np.array_equal(folder.picture(index), picture(4 if index == 3 else index)):
                wrong.append(index)

    on_threads(6, work)
    assert not wrong
    assert list(folder.skipped) == ["003.png"]
