"""Strips on threads: all rows once, strips inside strips, errors, and processes that fork."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from diptych.core.image import check_image
from diptych.core.parallel import in_strips


@pytest.mark.parametrize("threads", ["1", "2", "7"])
@pytest.mark.parametrize("rows", [1, 5, 31, 64, 1000])
def test_every_row_is_worked_on_once(threads, rows, monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", threads)
    counts = np.zeros(rows, int)

    def work(start, stop):
        counts[start:stop] += 1

    in_strips(work, rows, smallest=2)
    assert (counts == 1).all()


def test_strips_inside_strips_do_not_wait_for_each_other(monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", "8")
    counts = np.zeros((64, 64, 64), int)

    def outer(top, bottom):
        def middle(left, right):
            def inner(first, last):
                counts[top:bottom, left:right, first:last] += 1

            in_strips(inner, 64, 1)

        in_strips(middle, 64, 1)

    in_strips(outer, 64, 1)
    assert (counts == 1).all()


@pytest.mark.parametrize("bad", [0, 30])
def test_an_error_comes_out_when_no_thread_works_any_more(bad, monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", "4")
    at_work = []

    def work(start, stop):
        at_work.append(start)
        try:
            if start == bad:
                raise ValueError(f"row {start}")
            threading.Event().wait(0.02)
        finally:
            at_work.remove(start)

    with pytest.raises(ValueError, match=f"row {bad}"):
        in_strips(work, 40, 1)
    assert not at_work


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", "2")
    in_strips(lambda start, stop: None, 100)
    child = os.fork()
    if child == 0:
        seen = []
        in_strips(lambda start, stop: seen.append(stop - start), 100)
        os._exit(0 if sum(seen) == 100 else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_bad_value_in_a_large_image_is_found_wherever_it_is(dtype, monkeypatch):
    monkeypatch.setenv("DIPTYCH_THREADS", "3")
    image = np.full((701, 900), 0.5, dtype)
    assert check_image(image) is image
    for place in ((0, 0), (350, 450), (700, 899)):
        for bad in (np.nan, np.inf, -0.5, 1.5):
            wrong = image.copy()
            wrong[place] = bad
            with pytest.raises(ValueError, match=r"holds NaN|has values from"):
                check_image(wrong)
