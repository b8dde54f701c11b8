"""Samples are functions of their number; looking ahead changes nothing but the time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from diptych.core.errors import ParameterError
from diptych.data import PhotoFolder, Prefetcher, Sampler
from diptych.photo import write

COUNT = 7
LONG = 240.0  # seconds; reached only where something hangs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures that tell themselves apart (red), and left from right (green) and top from bottom (blue)."""
    path = tmp_path_factory.mktemp("pictures")
    y, x = np.mgrid[0:40, 0:60].astype(np.uint8)
    for number in range(COUNT):
        write(path / f"{number}.png", np.dstack([np.full_like(x, 30 * number), x, y]))
    return PhotoFolder(path)


def picture_of(sample: np.ndarray) -> int:
    return round(float(sample[0, 0, 0]) * 255 / 30)


def mirrored(sample: np.ndarray) -> bool:
    return bool(sample[1, 0, 0] > sample[1, 0, -1])


def test_a_sample_is_a_function_of_its_number(folder):
    first, second = (Sampler(PhotoFolder(folder.path), domain="A", crop=16, seed=3) for _ in range(2))
    later = [second.sample(number) for number in (90, 5, 6)]
    for number, sample in zip((90, 5, 6), later, strict=True):
        np.testing.assert_array_equal(first.sample(number), sample)
    np.testing.assert_array_equal(first.batch(5, 2), later[1:])
    assert later[0].shape == (3, 16, 16)
    assert later[0].dtype == np.float32
    assert later[0].flags.c_contiguous


def test_another_process_draws_the_same(folder):
    code = (
        "from diptych.data import *; import hashlib, sys;"
        "s = Sampler(PhotoFolder(sys.argv[1]), domain='A', crop=16, seed=3);"
        "print(hashlib.sha256(s.batch(0, 20).tobytes()).hexdigest())"
    )
    import hashlib

    done = subprocess.run([sys.executable, "-c", code, folder.path], capture_output=True, text=True, check=True)
    here = Sampler(folder, domain="A", crop=16, seed=3).batch(0, 20)
    assert done.stdout.strip() == hashlib.sha256(here.tobytes()).hexdigest()


def test_seed_and_domain_matter(folder):
    batches = [
        Sampler(folder, domain=domain, crop=16, seed=seed).batch(0, 8)
        for domain, seed in (("A", 0), ("B", 0), ("A", 1))
    ]
    for one in range(3):
        assert not np.array_equal(batches[one], batches[one - 1])


@pytest.mark.parametrize("repeats", [1, 3])
def test_every_picture_is_seen_equally_often_in_every_epoch(folder, repeats):
    sampler = Sampler(folder, domain="A", crop=8, seed=0, crops_per_picture=repeats)
    epochs = [[picture_of(sampler.sample(e * COUNT * repeats + n)) for n in range(COUNT * repeats)] for e in range(4)]
    for epoch in epochs:
        assert Counter(epoch) == dict.fromkeys(range(COUNT), repeats)
        assert all(len(set(epoch[n : n + repeats])) == 1 for n in range(0, len(epoch), repeats))
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_half_of_the_crops_are_mirrored_and_none_stands_on_its_head(folder):
    samples = Sampler(folder, domain="A", crop=16, seed=0).batch(0, 400)
    assert 160 < sum(mirrored(sample) for sample in samples) < 240
    assert (np.diff(samples[:, 2], axis=1) > 0).all()
    assert not any(mirrored(one) for one in Sampler(folder, domain="A", crop=16, seed=0, flips=False).batch(0, 50))


def test_positions_are_drawn_over_the_whole_picture(folder):
    samples = Sampler(folder, domain="A", crop=16, seed=0, flips=False).batch(0, 600)
    left, top = (np.rint(samples[:, channel, 0, 0] * 255) for channel in (1, 2))
    assert set(left) == set(range(45))
    assert set(top) == set(range(25))
    assert abs(np.corrcoef(left, top)[0, 1]) < 0.15


def test_a_part_of_a_folder_yields_its_own_pictures_only(folder):
    part = folder.subset(folder.names[2:4])
    samples = Sampler(part, domain="A", crop=16, seed=0).batch(0, 20)
    assert {picture_of(sample) for sample in samples} == {2, 3}


@pytest.mark.parametrize("wrong", [{"crop": 0}, {"seed": -1}, {"crops_per_picture": 0}])
def test_bounds_are_named(folder, wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Sampler(folder, **{"domain": "A", "crop": 8, "seed": 0, **wrong})


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order_whatever_the_number_of_workers(folder, workers):
    sampler = Sampler(folder, domain="A", crop=16, seed=0)
    with Prefetcher(lambda step: sampler.batch(4 * step, 4), start=3, stop=15, workers=workers) as batches:
        for step, batch in enumerate(batches, 3):
            np.testing.assert_array_equal(batch, sampler.batch(4 * step, 4))
    assert step == 14


class Recorded(ThreadPoolExecutor):
    """A pool that counts what it was given, and says when a shutdown has cancelled what had not begun."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.submitted, self.cancelled = 0, threading.Event()

    def submit(self, work, /, *arguments):
        self.submitted += 1
        return super().submit(work, *arguments)

    def shutdown(self, wait=True, *, cancel_futures=False):
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        self.cancelled.set()
        super().shutdown(wait=wait)


@pytest.fixture
def pools(monkeypatch):
    """Return the list of the pools that prefetchers make."""
    made = []

    def make(*arguments):
        made.append(Recorded(*arguments))
        return made[-1]

    monkeypatch.setattr("diptych.data.sampler.ThreadPoolExecutor", make)
    return made


def test_results_that_finish_out_of_order_come_in_order():
    finished = [threading.Event() for _ in range(20)]

    def make(number: int) -> int:
        assert number % 3 or finished[number + 1].wait(LONG)
        finished[number].set()
        return number

    with Prefetcher(make, start=0, stop=20, workers=4, ahead=6) as numbers:
        assert list(numbers) == list(range(20))


def test_not_more_than_ahead_is_begun(pools):
    with Prefetcher(lambda number: number, start=0, stop=50, workers=8, ahead=3) as results:
        for taken in range(48):
            assert pools[0].submitted == 3 + taken
            assert next(results) == taken
        assert list(results) == [48, 49]
    assert pools[0].submitted == 50


@pytest.mark.parametrize("workers", [0, 2])
def test_an_exception_surfaces_at_its_place(workers):
    def make(number: int) -> int:
        if number == 3:
            raise OSError("number three")
        return number

    with Prefetcher(make, start=0, stop=6, workers=workers) as numbers:
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(OSError, match="number three"):
            next(numbers)
        assert list(numbers) == [4, 5]


def test_leaving_drops_what_has_not_begun_and_leaves_no_thread(pools):
    begun: list[int] = []
    busy = threading.Barrier(3)

    def make(number: int) -> int:
        begun.append(number)
        if number:
            busy.wait(LONG)
            assert pools[0].cancelled.wait(LONG)
        return number

    with Prefetcher(make, start=0, stop=10_000, workers=2, ahead=1000) as numbers:
        assert next(numbers) == 0
        busy.wait(LONG)
    assert sorted(begun) == [0, 1, 2]
    assert not any(thread.name.startswith("prefetch") for thread in threading.enumerate())
    assert list(numbers) == []


def test_leaving_without_threads():
    begun: list[int] = []
    with Prefetcher(begun.append, start=0, stop=10_000, workers=0, ahead=1000) as numbers:
        next(numbers)
    assert begun == [0]
    assert list(numbers) == []


def test_nothing_to_do():
    with Prefetcher(lambda number: number, start=5, stop=5, workers=2) as numbers:
        assert list(numbers) == []
    with pytest.raises(ParameterError, match="ahead = 0"):
        Prefetcher(lambda number: number, start=0, stop=1, workers=1, ahead=0)
