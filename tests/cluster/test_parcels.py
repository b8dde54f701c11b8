"""Small pictures travel to the workers in parcels."""

from __future__ import annotations

import functools
import json
from collections import Counter

import pytest

from diptych.cluster import Run, dispatch, enhance_folder, worker
from diptych.core.errors import ParameterError

pytest.importorskip("distributed")


@pytest.fixture
def instead(monkeypatch):
    """Return a function that has workers do parcels in another way, and gives a list that their sizes come into."""
    real = worker.enhance_many

    def replace(other=None):
        sizes = []

        @functools.wraps(real)  # by which name the workers, threads of this process, know it
        def counted(parcel):
            tasks = worker.unpacked(parcel)
            sizes.append(len(tasks))
            return real(parcel) if other is None else other(tasks)

        monkeypatch.setattr(worker, "enhance_many", counted)
        monkeypatch.setattr(dispatch, "enhance_many", counted)
        return sizes

    return replace


@pytest.fixture
def outcomes_of(client, folder, job, tmp_path):
    """Return a function that runs 40 tiny pictures, and says what became of them: status, tries and how many."""

    def run(retries=2, status="done"):
        where = {"source": str(folder(40, shape=(8, 8, 3))), "target": str(tmp_path / "out")}
        outcomes = list(enhance_folder(Run(job=job, retries=retries, manifest=tmp_path / "m.jsonl", **where), client))
        assert len({outcome.input for outcome in outcomes}) == 40
        said = [json.loads(line)["status"] for line in (tmp_path / "m.jsonl").read_text().splitlines()]
        assert Counter(said) == {"started": 40, status: 40}
        return Counter((outcome.status, outcome.tries) for outcome in outcomes)

    return run


def test_they_grow(instead, outcomes_of):
    sizes = instead()
    assert outcomes_of() == {("done", 1): 40}
    assert sizes[0] == 1
    assert max(sizes) > 1


def test_what_there_was_no_time_for_is_sent_again(instead, outcomes_of):
    sizes = instead(lambda tasks: [worker.enhance_one(tasks[0])])
    assert outcomes_of() == {("done", 1): 40}
    assert max(sizes) > 1


def test_a_second_is_the_most(instead, outcomes_of, monkeypatch):
    monkeypatch.setattr(worker, "_MOST_SECONDS", 0.0)
    sizes = instead()
    assert outcomes_of() == {("done", 1): 40}
    assert max(sizes) > 1


def test_one_that_is_lost_is_tried_again_picture_by_picture(instead, outcomes_of):
    def lost(tasks):
        if len(tasks) > 1:
            raise RuntimeError("the worker is gone")
        return [worker.enhance_one(tasks[0])]

    instead(lost)
    assert {what for what, _ in outcomes_of().items()} == {("done", 1), ("done", 2)}


def test_pictures_do_not_fail_with_another_of_their_parcel(instead, outcomes_of):
    def lost(tasks):
        if len(tasks) > 1:
            raise RuntimeError("the worker is gone")
        return [worker.enhance_one(tasks[0])]

    sizes = instead(lost)
    assert sum(outcomes_of(retries=0).values()) == 40
    assert max(sizes) > 1


def test_parcels_do_not_grow_by_being_lost(instead, outcomes_of):
    def lost(tasks):
        raise RuntimeError("the worker is gone")

    sizes = instead(lost)
    outcomes_of(retries=0, status="failed")
    assert max(sizes) == 1


def test_a_scheduler_that_is_gone_is_named(outcomes_of, client, monkeypatch):
    def gone():
        raise RuntimeError("ConnectionPool is closed")

    monkeypatch.setattr(client, "nthreads", gone)
    with pytest.raises(ParameterError, match="the scheduler answers no more"):
        outcomes_of()
