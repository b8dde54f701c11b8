"""The loop: what it leaves behind, that it goes on as if it had not stopped, and what it does when something is wrong."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from diptych.core.errors import DataError, ParameterError, PhotoError, TrainingError
from diptych.networks import Mobile, PatchGAN
from diptych.photo import read, write
from diptych.training import CycleGANConfig, Run, load_generator, train
from diptych.training.config import CycleGANWeights
from diptych.training.objectives.cyclegan import CycleGANObjective
from diptych.training.run import events
from training_helpers import clean_picture, newest, write_folders

SMALL = CycleGANConfig(
    forward=Mobile(width=4, depth=2, blocks=1),
    discriminator=PatchGAN(width=4, depth=1),
    steps=8,
    eval_every=4,
    batch=2,
    crop=24,
    pool=3,
    workers=1,
    weights=CycleGANWeights(frequency=0.5, structure=0.5, total_variation=0.1, gradient_penalty=1.0),
    precision="float32",
)


@pytest.fixture(scope="module")
def finished(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "whole"
    return train(SMALL, source=folders[0], target=folders[1], out=out)


def stop_after(step):
    def watch(entry):
        if entry["event"] == "losses" and entry["step"] == step:
            raise RuntimeError("pulled the plug")

    return watch


def test_a_run_leaves_what_its_page_says(finished):
    names = {path.name for path in finished.path.iterdir()}
    assert {"config.toml", "run.json", "log.jsonl", "report.html", "best.safetensors"} <= names
    assert finished.config == SMALL
    assert [entry["event"] for entry in finished.entries()] == [
        "begin",
        "validation",
        "losses",
        "validation",
        "losses",
        "validation",
        "end",
    ]
    assert [path.name for path in sorted(finished.samples.iterdir())] == [f"step-{step:09d}.png" for step in (0, 4, 8)]
    assert "Validation" in (finished.path / "report.html").read_text()
    losses = finished.entries()[2]["losses"]
    assert {"cycle", "identity", "frequency", "structure", "total_variation", "gradient_penalty.a"} <= set(losses)


def test_the_generator_is_an_enhancer(finished, folders):
    generator = load_generator(finished.path)
    assert [step.operator for step in generator.preprocess.steps] == ["denoise_photo", "stretch"]
    image = read(next(folders[0].iterdir())).pixels
    assert generator(image).shape == image.shape
    assert generator(image).dtype == np.uint8
    assert generator(image[:, :, 0].astype(np.uint16)).dtype == np.uint16


@pytest.mark.parametrize("moment", [4, 8])
def test_going_on_gives_the_same_bytes(finished, folders, tmp_path, moment):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "cut"}
    with pytest.raises(RuntimeError, match="pulled the plug"):
        train(SMALL, **options, on_event=stop_after(moment))
    run = train(SMALL, **options, resume=True)
    assert newest(run).read_bytes() == newest(finished).read_bytes()
    ours, theirs = load_file(run.best), load_file(finished.best)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert [entry["step"] for entry in run.validations()] == [0, 4, 8]


def test_workers_and_cache_change_nothing(finished, folders, tmp_path):
    config = SMALL.updated({"workers": 3, "cache": 0})
    run = train(config, source=folders[0], target=folders[1], out=tmp_path / "other")
    assert newest(run).read_bytes() == newest(finished).read_bytes()


def test_accumulation_is_a_larger_batch(folders, tmp_path):
    plain = SMALL.updated(
        {"pool": 0, "steps": 1, "eval_every": 1, "weights": {"gradient_penalty": 0.0, "frequency": 0.0}}
    )
    runs = [
        train(config, source=folders[0], target=folders[1], out=tmp_path / name)
        for name, config in (
            ("large", plain.updated({"batch": 4})),
            ("small", plain.updated({"batch": 2, "accumulate": 2})),
        )
    ]
    losses = [run.entries()[2]["losses"] for run in runs]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4, abs=1e-5)


def test_changed_settings_or_pictures_are_refused_by_name(finished, folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": finished.path, "resume": True}
    with pytest.raises(TrainingError, match=r"weights\.cycle was 10\.0, now 9\.0"):
        train(SMALL.updated({"weights": {"cycle": 9.0}}), **options)
    other = write_folders(tmp_path / "other", count=3, side=40)[1]
    with pytest.raises(TrainingError, match="target folder have changed"):
        train(SMALL, **(options | {"target": other}))


def test_a_run_directory_is_not_written_over(finished, folders, tmp_path):
    with pytest.raises(TrainingError, match="`resume=True`"):
        train(SMALL, source=folders[0], target=folders[1], out=finished.path)
    with pytest.raises(TrainingError, match="is not a run directory"):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path, resume=True)


def test_folders_that_hold_one_another_are_refused(folders, tmp_path):
    source, target = folders
    with pytest.raises(ParameterError, match="A and B are the same folder"):
        train(SMALL, source=source, target=source, out=tmp_path / "run")
    with pytest.raises(ParameterError, match="one lies in the other"):
        train(SMALL, source=source.parent, target=target, out=tmp_path / "run")
    with pytest.raises(ParameterError, match="the run directory lies in the folder of pictures"):
        train(SMALL, source=source, target=target, out=source / "run")
    assert not (source / "run").exists()
    assert not (tmp_path / "run").exists()


def test_a_full_disk_leaves_the_checkpoint_before(folders, tmp_path, monkeypatch):
    out = tmp_path / "run"

    def full(folder, objective, *, state, keep):
        if state["step"] == 8:
            raise PhotoError(f"{folder}: the disk is full")
        return save(folder, objective, state=state, keep=keep)

    save = events.save_checkpoint
    monkeypatch.setattr(events, "save_checkpoint", full)
    with pytest.raises(PhotoError, match="disk is full"):
        train(SMALL, source=folders[0], target=folders[1], out=out)
    monkeypatch.undo()
    run = train(SMALL, source=folders[0], target=folders[1], out=out, resume=True)
    assert newest(run).name == "step-000000008.safetensors"


def test_a_picture_that_breaks_is_skipped_and_named(tmp_path):
    source, target = write_folders(tmp_path, count=22, side=40)
    run_config = SMALL.updated({"preprocess": "none", "steps": 20, "eval_every": 20, "holdout": 0.0})
    broken = sorted(source.iterdir())[7]
    broken.write_bytes(broken.read_bytes()[:60])
    run = train(run_config, source=source, target=target, out=tmp_path / "run")
    skipped = [entry for entry in run.entries() if entry["event"] == "skipped"]
    assert [entry["picture"] for entry in skipped] == [str(broken)]


def test_too_many_broken_pictures_stop(tmp_path):
    source, target = write_folders(tmp_path, count=10, side=40)
    for path in sorted(source.iterdir())[:4]:
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="diptych check"):
        train(SMALL, source=source, target=target, out=tmp_path / "run")


@pytest.mark.parametrize("count", [0, 1])
def test_a_folder_too_small_is_named(tmp_path, count):
    source, target = write_folders(tmp_path, count=3, side=40)
    for path in sorted(source.iterdir())[count:]:
        path.unlink()
    with pytest.raises(DataError, match="A: has"):
        train(SMALL, source=source, target=target, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_smaller_than_the_crop_and_grey_ones_train(tmp_path):
    draw = np.random.default_rng(0)
    for name, factor in (("A", 0.3), ("B", 1.0)):
        (tmp_path / name).mkdir()
        for index in range(4):
            grey = clean_picture(draw, 20)[..., 0] * factor
            write(tmp_path / name / f"{index}.png", np.rint(grey * 65535).astype(np.uint16))
    config = SMALL.updated({"forward": {"channels_in": 1, "channels_out": 1}, "steps": 2, "eval_every": 2})
    run = train(config, source=tmp_path / "A", target=tmp_path / "B", out=tmp_path / "run")
    result = load_generator(run.path)(read(tmp_path / "A" / "0.png").pixels)
    assert result.shape == (20, 20)
    assert result.dtype == np.uint16


def test_a_damaged_checkpoint_is_named(folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "run"}
    run = train(SMALL.updated({"steps": 4}), **options)
    last = newest(run)
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=last.name):
        train(SMALL.updated({"steps": 4}), **options, resume=True)


def test_a_foreign_file_is_no_generator(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(TrainingError, match=r"x\.safetensors"):
        load_generator(tmp_path / "x.safetensors")
    with pytest.raises(TrainingError, match="no such file"):
        load_generator(tmp_path)


def test_the_log_is_json(finished):
    for line in finished.log.read_text().splitlines():
        json.loads(line)


def test_a_log_cut_anywhere_is_resumed(finished, folders, tmp_path):
    whole = finished.log.read_bytes()
    first, *_ = whole.splitlines(keepends=True)
    run = type(finished)(tmp_path)
    for end in range(len(whole) + 1):
        run.log.write_bytes(whole[:end])
        complete = whole[:end].count(b"\n") + (end < len(whole) and whole[end : end + 1] == b"\n")
        assert len(run.entries()) == complete
    for damage in (b'{"event": 1}\n', b"[1]\n", b"\0" * 40, b"\xff\xfe\n", b'{"losses": {"a": 1}\n', b"[" * 100_000):
        run.log.write_bytes(first + damage + b"\n" + first)
        assert len(run.entries()) == 2
    cut = tmp_path / "cut"
    shutil.copytree(finished.path, cut)
    (cut / "log.jsonl").write_bytes(whole[: len(whole) * 2 // 3] + b"\0\0\xff")
    again = train(SMALL, source=folders[0], target=folders[1], out=cut, resume=True)
    assert again.entries()[-1]["event"] == "end"


def test_two_runs_on_one_directory_are_refused(folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "run"}
    refused = []

    def second(entry):
        if entry["event"] == "losses" and not refused:
            with pytest.raises(TrainingError, match="another training is writing to it") as caught:
                train(SMALL, **options, resume=True)
            refused.append(caught.value)
            with pytest.raises(TrainingError, match="is not empty"):
                train(SMALL, **options)

    train(SMALL, **options, on_event=second)
    assert refused
    train(SMALL, **options, resume=True)  # the lock is gone with the run


def test_what_is_left_of_a_run_killed_while_it_was_made_is_no_obstacle(folders, tmp_path):
    out = tmp_path / "run"
    for name in ("checkpoints", "samples"):
        (out / name).mkdir(parents=True)
    (out / ".lock").touch()
    (out / "config.toml").write_text("steps = 1\n")
    assert train(SMALL, source=folders[0], target=folders[1], out=out).config == SMALL
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.toml").write_text("precious")
    with pytest.raises(TrainingError, match="is not empty; give another folder"):
        train(SMALL, source=folders[0], target=folders[1], out=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["config.toml"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file on a full disk")
def test_a_log_on_a_full_disk_is_one_line(folders, tmp_path):
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "run"}

    def fill(entry):
        if entry["event"] == "begin":
            log = tmp_path / "run" / "log.jsonl"
            log.unlink()
            log.symlink_to("/dev/full")

    with pytest.raises(PhotoError, match=r"log\.jsonl: the disk is full; free some space"):
        train(SMALL, **options, on_event=fill)


@pytest.mark.parametrize(("presses", "residual", "left"), [(1, True, 0), (2, True, 0), (1, False, 3), (2, False, 2)])
def test_an_interrupt_before_any_validation_leaves_a_generator(folders, tmp_path, monkeypatch, presses, residual, left):
    config = SMALL.updated({"steps": 100, "eval_every": 50, "forward": {"residual": residual}})
    train_step = CycleGANObjective.train_step

    def interrupted(self, batches, *, step):
        if step == 2:
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)
        return train_step(self, batches, step=step)

    monkeypatch.setattr(CycleGANObjective, "train_step", interrupted)
    options = {"source": folders[0], "target": folders[1], "out": tmp_path / "run"}
    with pytest.raises(KeyboardInterrupt):
        train(config, **options)
    monkeypatch.undo()
    run = Run(tmp_path / "run")
    done = 3 if presses == 1 else 2
    assert (
        load_generator(run.path).provenance["step"] == left
    )  # that of step 0 is the first result, which was looked at
    assert run.entries()[-1] == {"event": "interrupted", "step": done, "generator": left}
    assert len(list(run.checkpoints.iterdir())) == residual + (presses == 1)


def test_progress_is_told_after_the_first_step(folders, tmp_path):
    told = []
    config = SMALL.updated({"eval_every": 20, "steps": 20})
    run = train(config, source=folders[0], target=folders[1], out=tmp_path / "run", on_event=told.append)
    progress = [entry for entry in told if entry["event"] == "progress"]
    assert progress[0]["step"] == 1
    assert set(progress[0]) == {"event", "step", "steps", "images_per_second", "seconds_left"}
    assert not any(entry["event"] == "progress" for entry in run.entries())
    assert [path.name for path in sorted(run.samples.iterdir())] == [f"step-{step:09d}.png" for step in (0, 10, 20)]
