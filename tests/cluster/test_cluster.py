"""A folder through a cluster: each picture once, the same bytes as alone, whatever fails."""

from __future__ import annotations

import json
import os
import uuid
from collections import Counter

import numpy as np
import pytest

import diptych as dp
from cluster_helpers import job_of
from diptych.cluster import JobSpec, Run, dispatch, enhance_folder, location, worker
from diptych.core.errors import BundleError, ParameterError, RecipeError
from diptych.recipes import Recipe, step
from diptych.runtime import default_model

pytest.importorskip("distributed")


def run(client, folder, job, **settings):
    """Run a folder and return the outcomes."""
    out = folder.parent / "out"
    given = {"source": str(folder), "target": str(out), "manifest": folder.parent / "m.jsonl", **settings}
    return list(enhance_folder(Run(job=job, **given), client))


def contents(folder) -> dict[str, bytes]:
    """Return the files in a folder by their names in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def alone(folder, enhancer, where) -> dict[str, bytes]:
    """Return what one process makes of a folder."""
    from diptych.photo import find_photos
    from diptych.runtime.batch import Batch
    from diptych.runtime.outputs import Naming, plan_jobs

    results = Batch(enhancer).run(plan_jobs(find_photos([folder]), Naming(str(where))))
    assert {result.status for result in results} == {"done"}
    return contents(where)


def lines(path) -> list[dict]:
    """Return the lines of a manifest."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_same_bytes_as_alone_and_a_line_for_each(client, folder, job, tmp_path):
    made = folder()
    outcomes = run(client, made, job)
    assert [outcome.status for outcome in outcomes] == ["done"] * 9
    assert contents(tmp_path / "out") == alone(made, job.enhancer(), tmp_path / "alone")
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
        job, enhancer = job_of(profile="fast"), dp.runtime.DefaultEnhancer(profile="fast")
    elif kind == "file":
        job = job_of(model=default_model())
        enhancer = dp.runtime.open_enhancer(default_model())
    else:
        job, enhancer = job_of("auto"), dp.auto
    run(client, made, job)
    assert contents(tmp_path / "out") == alone(made, enhancer, tmp_path / "alone")


def test_a_second_run_does_what_is_left(client, folder, job, tmp_path):
    made = folder()
    run(client, made, job)
    (tmp_path / "out" / "001.jpg").unlink()
    dp.write(made / "002.tif", np.zeros((8, 8, 3), np.uint8), overwrite=True)
    dp.write(made / "new.png", np.zeros((8, 8, 3), np.uint8))
    outcomes = run(client, made, job)
    done = {outcome.output.rpartition("/")[2] for outcome in outcomes if outcome.status == "done"}
    assert done == {"001.jpg", "002.tif", "new.png"} - {"002.tif"}
    # A changed input is another one, and what the run before made of it is kept unless it may be replaced.
    assert [outcome.status for outcome in outcomes].count("failed") == 1
    outcomes = run(client, made, job, existing="overwrite")
    assert Counter(outcome.status for outcome in outcomes) == {"done": 1, "skipped": 9}
    other = job_of(Recipe(step("gamma", gamma=2.0)))
    assert Counter(outcome.status for outcome in run(client, made, other, existing="overwrite")) == {"done": 10}


def test_what_others_have_written_is_kept(client, folder, job, tmp_path):
    made = folder(3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "001.jpg").write_bytes(b"mine")
    for _ in range(2):
        outcomes = run(client, made, job)
        failed = [outcome for outcome in outcomes if outcome.status == "failed"]
        assert ["existing=" in outcome.reason for outcome in failed] == [True]
        assert (tmp_path / "out" / "001.jpg").read_bytes() == b"mine"
    assert {outcome.reason for outcome in run(client, made, job, existing="skip")} == {
        "done before",
        "the output exists already",
    }
    run(client, made, job, existing="overwrite")
    assert (tmp_path / "out" / "001.jpg").read_bytes() != b"mine"


def test_an_output_of_a_killed_run_is_ours(client, folder, job, tmp_path):
    made = folder(3)
    run(client, made, job)
    kept = [line for line in (tmp_path / "m.jsonl").read_text().splitlines(True) if '"started"' in line]
    (tmp_path / "m.jsonl").write_text("".join(kept))
    assert [outcome.status for outcome in run(client, made, job)] == ["done"] * 3


def test_what_killed_workers_have_left_is_removed(client, folder, job, tmp_path):
    from diptych.photo.atomic import _prefix

    (tmp_path / "out" / "sub").mkdir(parents=True)
    left = tmp_path / "out" / "sub" / f"{_prefix()}99999999-0.tmp"
    left.write_bytes(b"half")
    run(client, folder(3), job)
    assert not left.exists()


def test_buckets(client, folder, job, tmp_path):
    made, bucket = folder(), f"memory://{uuid.uuid4().hex}"
    run(client, made, job, source=f"file://{made}", target=bucket)
    place = location.Location(bucket)
    expected = alone(made, job.enhancer(), tmp_path / "alone")
    assert {one.name: place.read(one.name) for one in place.files()} == expected
    outcomes = run(client, made, job, source=bucket, target=str(tmp_path / "back"), manifest=tmp_path / "2.jsonl")
    assert [outcome.status for outcome in outcomes] == ["done"] * 9
    assert {outcome.status for outcome in run(client, made, job, source=f"file://{made}", target=bucket)} == {"skipped"}


@pytest.mark.skipif(os.name != "posix", reason="names that are not UTF-8")
def test_a_name_that_is_not_utf_8(client, folder, job, tmp_path):
    made = folder(2)
    name = os.fsdecode(b"latin\xe9.png")
    (made / "001.jpg").rename(made / os.fsdecode(b"latin\xe9.jpg"))
    (made / "sub" / "000.png").rename(made / name)
    outcomes = run(client, made, job, target=str(tmp_path / "out"))
    assert [outcome.status for outcome in outcomes] == ["done"] * 2
    assert (tmp_path / "out" / name).exists()
    assert {outcome.status for outcome in run(client, made, job, target=str(tmp_path / "out"))} == {"skipped"}


def test_what_cannot_be_read_is_named_and_the_rest_counted(client, folder, job, tmp_path):
    made, others = folder(1), []
    (made / "x.PSD").touch()
    (made / "sub" / "000.enhanced.png").touch()
    (made / "gone.png").symlink_to(tmp_path / "nowhere")
    source = {"source": str(made), "target": str(tmp_path / "out"), "job": job, "manifest": tmp_path / "m.jsonl"}
    outcomes = list(enhance_folder(Run(**source), client, on_other=others.append))
    failed = {outcome.input: outcome.reason for outcome in outcomes if outcome.status == "failed"}
    assert set(failed) == {f"{made}/x.PSD", f"{made}/gone.png"}
    assert failed[f"{made}/x.PSD"].endswith("PSD files cannot be read; convert it to JPEG, PNG or TIFF")
    assert len(outcomes) == 3
    assert others == ["notes.txt"]


def test_what_fails_is_listed_and_does_not_stop_the_others(client, folder, job, tmp_path):
    made = folder(4)
    (made / "bad.png").write_bytes(b"nonsense")
    outcomes = run(client, made, job)
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    assert len(outcomes) == 5
    assert [outcome.tries for outcome in failed] == [1]
    assert failed[0].reason.startswith(f"{made}/bad.png: is not a picture")
    assert lines(tmp_path / "m.jsonl")[-1]["status"] in ("done", "failed")
    (made / "bad.png").unlink()
    assert {outcome.status for outcome in run(client, made, job)} == {"skipped"}


def test_what_may_pass_is_tried_again(client, folder, job, monkeypatch):
    made, seen = folder(3), Counter()
    real = location.Location.read

    def read(self, name):
        seen[name] += 1
        if name == "001.jpg" and seen[name] < 3:
            raise TimeoutError("the network is slow")
        if name == "002.tif":
            raise ConnectionError("the network is gone")
        return real(self, name)

    monkeypatch.setattr(worker.Location, "read", read)
    outcomes = {outcome.input.rpartition("/")[2]: outcome for outcome in run(client, made, job, retries=2)}
    assert (outcomes["001.jpg"].status, outcomes["001.jpg"].tries) == ("done", 3)
    assert (outcomes["002.tif"].status, outcomes["002.tif"].tries) == ("failed", 3)
    assert "the network is gone" in outcomes["002.tif"].reason


def test_each_worker_makes_the_enhancer_once(client, folder, monkeypatch):
    made, calls = folder(12), []
    real = JobSpec.enhancer
    monkeypatch.setattr(JobSpec, "enhancer", lambda self: calls.append(1) or real(self))
    outcomes = run(client, made, job_of(Recipe(step("gamma", gamma=0.77))))
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert len(calls) <= 1 + 2  # the check before the start, and the two workers


def test_few_are_under_way_however_many_there_are(client, folder, job, tmp_path, monkeypatch):
    made, listed = folder(0), []

    def pictures(self):
        for index in range(90):
            listed.append(index)
            yield location.Found(f"{index}.png", "1")

    monkeypatch.setattr(location.Location, "files", pictures)
    monkeypatch.setattr(dispatch, "_LARGEST", 2)
    done = 0
    given = Run(source=str(made), target=str(tmp_path / "out"), job=job, manifest=tmp_path / "m.jsonl", retries=0)
    for _ in enhance_folder(given, client):
        done += 1
        assert len(listed) - done <= 6 * 2 + 2
    assert done == 90


def test_what_is_left_when_the_caller_stops(client, folder, job, tmp_path):
    made = folder()
    given = Run(source=str(made), target=str(tmp_path / "out"), job=job, manifest=tmp_path / "m.jsonl")
    running = enhance_folder(given, client)
    next(running)
    running.close()
    assert len(run(client, made, job)) == 9
    assert contents(tmp_path / "out") == alone(made, job.enhancer(), tmp_path / "alone")


def test_calls_that_cannot_work(client, folder, job, tmp_path):
    made = folder(1)
    with pytest.raises(ParameterError, match="no such folder"):
        run(client, made, job, source=str(tmp_path / "missing"))
    with pytest.raises(ParameterError, match="lie in one another"):
        run(client, made, job, target=str(made / "out"))
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "recipe.toml").write_text("nonsense =")
    (bad / "my.onnx").write_bytes(b"nonsense")
    with pytest.raises(RecipeError):
        run(client, made, job_of(bad / "recipe.toml"))
    with pytest.raises(BundleError, match=r"my\.onnx"):
        run(client, made, job_of(model=bad / "my.onnx"))
    with pytest.raises(ParameterError, match="exclude each other"):
        run(client, made, job_of("auto", model="low_light"))


def test_another_version_on_the_worker_is_refused(client, folder, job, monkeypatch):
    monkeypatch.setattr(worker.Enhancers, "__init__", _of_another_version(worker.Enhancers.__init__))
    outcomes = run(client, folder(1), job)
    assert ["another version" in outcome.reason for outcome in outcomes] == [True]


def _of_another_version(init):
    return lambda self, job, fingerprint: init(self, job, fingerprint + "0")
