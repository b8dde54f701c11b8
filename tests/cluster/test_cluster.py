"""A folder through a cluster: each picture once, the same bytes as alone, whatever fails."""

from __future__ import annotations

import json
import uuid
from collections import Counter

import numpy as np
import pytest

import diptych as dp
from diptych.cluster import Order, Run, enhance_folder, places, working
from diptych.core.errors import BundleError, ParameterError, RecipeError
from diptych.recipes import Recipe, step
from diptych.runtime import default_model

pytest.importorskip("distributed")


def run(client, folder, order, **settings):
    """Run a folder and return the outcomes."""
    out = folder.parent / "out"
    given = {"source": str(folder), "target": str(out), "manifest": folder.parent / "m.jsonl", **settings}
    return list(enhance_folder(Run(order=order, **given), client))


def contents(folder) -> dict[str, bytes]:
    """Return the files in a folder by their names in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alone(folder, enhancer, where) -> dict[str, bytes]:
    """Return what one process makes of a folder."""
    from diptych.cli.batch import Batch, plan_jobs
    from diptych.photo import find_photos

    results = Batch(enhancer).run(plan_jobs(find_photos([folder]), str(where)))
    assert {result.status for result in results} == {"done"}
    return contents(where)


def lines(path) -> list[dict]:
    """Return the lines of a manifest."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_bytes_as_alone_and_a_line_for_each(client, folder, order, tmp_path):
    made = folder()
    outcomes = run(client, made, order)
    assert [outcome.status for outcome in outcomes] == ["done"] * 9
    assert contents(tmp_path / "out") == alone(made, Recipe.from_toml(order.recipe), tmp_path / "alone")
    said = lines(tmp_path / "m.jsonl")
    assert Counter(line["status"] for line in said) == {"started": 9, "done": 9}
    assert {line["input"] for line in said} == set(contents(tmp_path / "out"))
    import hashlib

    done = next(line for line in said if line["status"] == "done")
    assert done["hash"] == hashlib.sha256((made / done["input"]).read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["box", "file", "auto"])
def test_models_travel(client, folder, tmp_path, kind):
    made = folder(3)
    if kind == "box":
        order, enhancer = Order(profile="fast"), dp.runtime.InTheBox(profile="fast")
    elif kind == "file":
        order = Order.of_model(default_model(), profile="fast")
        enhancer = dp.runtime.open_enhancer(default_model(), profile="fast")
    else:
        order, enhancer = Order(recipe="auto"), dp.auto
    run(client, made, order)
    assert contents(tmp_path / "out") == alone(made, enhancer, tmp_path / "alone")


def test_a_second_run_does_what_is_left(client, folder, order, tmp_path):
    made = folder()
    run(client, made, order)
    (tmp_path / "out" / "001.jpg").unlink()
    dp.write(made / "002.tif", np.zeros((8, 8, 3), np.uint8), overwrite=True)
    dp.write(made / "new.png", np.zeros((8, 8, 3), np.uint8))
    outcomes = run(client, made, order)
    done = {outcome.output.rpartition("/")[2] for outcome in outcomes if outcome.status == "done"}
    assert done == {"001.jpg", "002.tif", "new.png"} - {"002.tif"}
    # A changed input is another one, and what the run before made of it is kept unless it may be replaced.
    assert [outcome.status for outcome in outcomes].count("failed") == 1
    outcomes = run(client, made, order, existing="overwrite")
    assert Counter(outcome.status for outcome in outcomes) == {"done": 1, "skipped": 9}
    other = Order(recipe=Recipe(step("gamma", gamma=2.0)).to_toml())
    assert Counter(outcome.status for outcome in run(client, made, other, existing="overwrite")) == {"done": 10}


def test_what_others_have_written_is_kept(client, folder, order, tmp_path):
    made = folder(3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "001.jpg").write_bytes(b"mine")
    for _ in range(2):
        outcomes = run(client, made, order)
        failed = [outcome for outcome in outcomes if outcome.status == "failed"]
        assert ["--overwrite" in outcome.reason for outcome in failed] == [True]
        assert (tmp_path / "out" / "001.jpg").read_bytes() == b"mine"
    assert {outcome.reason for outcome in run(client, made, order, existing="skip")} == {
        "done before",
        "the output is there already",
    }
    run(client, made, order, existing="overwrite")
    assert (tmp_path / "out" / "001.jpg").read_bytes() != b"mine"


def test_an_output_of_a_killed_run_is_ours(client, folder, order, tmp_path):
    made = folder(3)
    run(client, made, order)
    kept = [line for line in (tmp_path / "m.jsonl").read_text().splitlines(True) if '"started"' in line]
    (tmp_path / "m.jsonl").write_text("".join(kept))
    assert [outcome.status for outcome in run(client, made, order)] == ["done"] * 3


def test_what_killed_workers_have_left_is_removed(client, folder, order, tmp_path):
    from diptych.photo.atomic import _prefix

    (tmp_path / "out" / "sub").mkdir(parents=True)
    left = tmp_path / "out" / "sub" / f"{_prefix()}99999999-0.tmp"
    left.write_bytes(b"half")
    run(client, folder(3), order)
    assert not left.exists()


def test_buckets(client, folder, order, tmp_path):
    made, bucket = folder(), f"memory://{uuid.uuid4().hex}"
    run(client, made, order, source=f"file://{made}", target=bucket)
    place = places.Place(bucket)
    expected = alone(made, Recipe.from_toml(order.recipe), tmp_path / "alone")
    assert {one.name: place.read(one.name) for one in place.pictures()} == expected
    outcomes = run(client, made, order, source=bucket, target=str(tmp_path / "back"), manifest=tmp_path / "2.jsonl")
    assert [outcome.status for outcome in outcomes] == ["done"] * 9
    assert {outcome.status for outcome in run(client, made, order, source=f"file://{made}", target=bucket)} == {
        "skipped"
    }


def test_what_fails_is_listed_and_does_not_stop_the_others(client, folder, order, tmp_path):
    made = folder(4)
    (made / "bad.png").write_bytes(b"nonsense")
    outcomes = run(client, made, order)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert len(outcomes) == 5
    assert [outcome.tries for outcome in failed] == [1]
    assert failed[0].reason.startswith(f"{made}/bad.png: is not a picture")
    assert lines(tmp_path / "m.jsonl")[-1]["status"] in ("done", "failed")
    (made / "bad.png").unlink()
    assert {outcome.status for outcome in run(client, made, order)} == {"skipped"}


def test_what_may_pass_is_tried_again(client, folder, order, monkeypatch):
    made, seen = folder(3), Counter()
    real = places.Place.read

    def read(self, name):
        seen[name] += 1
        if name == "001.jpg" and seen[name] < 3:
            raise TimeoutError("the network is slow")
        if name == "002.tif":
            raise ConnectionError("the network is gone")
        return real(self, name)

    monkeypatch.setattr(working.Place, "read", read)
    outcomes = {outcome.input.rpartition("/")[2]: outcome for outcome in run(client, made, order, retries=2)}
    assert (outcomes["001.jpg"].status, outcomes["001.jpg"].tries) == ("done", 3)
    assert (outcomes["002.tif"].status, outcomes["002.tif"].tries) == ("failed", 3)
    assert "the network is gone" in outcomes["002.tif"].reason


def test_each_worker_makes_the_enhancer_once(client, folder, monkeypatch):
    made, calls = folder(12), []
    real = Order.enhancer
    monkeypatch.setattr(Order, "enhancer", lambda self: calls.append(1) or real(self))
    outcomes = run(client, made, Order(recipe=Recipe(step("gamma", gamma=0.77)).to_toml()))
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert len(calls) <= 1 + 2  # the check before the start, and the two workers


def test_few_are_under_way_however_many_there_are(client, folder, order, tmp_path, monkeypatch):
    made, listed = folder(0), []

    def pictures(self):
        for index in range(90):
            listed.append(index)
            yield places.Found(f"{index}.png", "1")

    monkeypatch.setattr(places.Place, "pictures", pictures)
    done = 0
    given = Run(source=str(made), target=str(tmp_path / "out"), order=order, manifest=tmp_path / "m.jsonl", retries=0)
    for _ in enhance_folder(given, client):
        done += 1
        assert len(listed) - done <= 6 + 1
    assert done == 90


def test_what_is_left_when_the_caller_stops(client, folder, order, tmp_path):
    made = folder()
    given = Run(source=str(made), target=str(tmp_path / "out"), order=order, manifest=tmp_path / "m.jsonl")
    running = enhance_folder(given, client)
    next(running)
    running.close()
    assert len(run(client, made, order)) == 9
    assert contents(tmp_path / "out") == alone(made, Recipe.from_toml(order.recipe), tmp_path / "alone")


def test_calls_that_cannot_work(client, folder, order, tmp_path):
    made = folder(1)
    with pytest.raises(ParameterError, match="no such folder"):
        run(client, made, order, source=str(tmp_path / "missing"))
    with pytest.raises(ParameterError, match="lie in one another"):
        run(client, made, order, target=str(made / "out"))
    with pytest.raises(RecipeError):
        run(client, made, Order(recipe="nonsense ="))
    with pytest.raises(BundleError, match=r"my\.onnx"):
        run(client, made, Order(model=b"nonsense", name="my.onnx"))
    with pytest.raises(ParameterError, match="not both"):
        run(client, made, Order(model=b"x", recipe="auto"))


def test_another_version_on_the_worker_is_refused(client, folder, order, monkeypatch):
    monkeypatch.setattr(working.Enhancers, "__init__", _of_another_version(working.Enhancers.__init__))
    outcomes = run(client, folder(1), order)
    assert ["another version" in outcome.reason for outcome in outcomes] == [True]


def _of_another_version(init):
    return lambda self, order, work: init(self, order, work + "0")
