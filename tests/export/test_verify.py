"""The table: measured rows, and the fastest that is good enough."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from diptych.core.errors import UnknownNameError
from diptych.core.parallel import threads
from diptych.export import ExportError, Request, UnavailableError, build, check, verify
from diptych.export import targets as table
from diptych.export import verify as room
from diptych.export.distance import drop_of, wanted_for
from diptych.export.memory import peak_bytes
from diptych.export.timing import instruction_sets, milliseconds
from diptych.runtime import Bundle, BundleMetadata
from diptych.runtime.bundle import bundle_of
from export_helpers import generator


@pytest.fixture
def request_(bundles, pictures):
    return Request(source=bundles["unet"], pictures=pictures, calibrate="minmax", max_drop=3.0)


@pytest.fixture
def times(monkeypatch):
    """Let the clock say what a test wants: milliseconds by target."""
    wanted = {"onnx": 100.0, "float32": 100.0, "int8": 40.0, "cube": 1.0}
    module = __import__("sys").modules["diptych.export.verify"]
    for owner in (module, table):
        monkeypatch.setattr(
            owner, "milliseconds", lambda enhancers, pictures, **_: {name: wanted[name] for name in enhancers}
        )
    monkeypatch.setattr(module, "peak_bytes", lambda *_: 5 << 20)
    return wanted


def test_the_fastest_within_the_limit_is_kept(request_, times):
    found = verify(request_, targets=["int8"])
    onnx, int8 = found.rows
    assert (onnx.target, onnx.decibels, onnx.drop, onnx.speed) == ("onnx", 100.0, 0.0, 1.0)
    assert int8.speed == 2.5
    assert 25 < int8.decibels < 90
    assert 0 < drop_of(int8.decibels, request_.bundle) <= int8.drop  # the mean of the pictures' losses: it is convex
    assert (int8.verdict, onnx.verdict) == ("kept", "slower than what is kept")
    assert found.kept.target == "int8"
    assert 0 < len(found.kept.content) - int8.size < 500  # the metadata says how fast it is


def test_the_speed_is_kept_with_what_it_holds_for(request_, times):
    found = verify(request_, targets=["int8"])
    speed = bundle_of(found.kept.content, source="kept").metadata.provenance["speed"]
    assert speed == {"ratio_to_float": 2.5, "instruction_sets": list(instruction_sets()), "threads": threads()}
    assert found.instruction_sets == instruction_sets()
    checked = check(build("int8", request_), request_)
    assert bundle_of(checked.content, source="checked").metadata.provenance["speed"] == speed
    cube = build("cube", request_)
    assert check(cube, request_) is cube  # a .cube file has no place for metadata
    assert cube.with_speed(9.0) is cube


def test_instruction_sets_have_the_names_of_their_makers(monkeypatch):
    features = {"avx512vnni": True, "avx2": True, "sse2": True, "amx-int8": False}
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_features", lambda: features)
    assert instruction_sets() == ("AVX2", "AVX512-VNNI")


def test_int8_that_is_not_faster_is_no_improvement(request_, times):
    times["int8"] = 101.0
    found = verify(request_, targets=["int8"])
    assert found.kept.target == "onnx"
    assert found.rows[1].verdict == "not faster than float: no improvement"
    with pytest.raises(ExportError, match=r"not faster than float32 on this machine \(101 against 100 ms"):
        check(build("int8", request_), request_)
    times["int8"] = 99.0
    check(build("int8", request_), request_)


def test_what_loses_too_much_is_not_kept(bundles, pictures, times):
    strict = Request(source=bundles["unet"], pictures=pictures, calibrate="minmax", max_drop=0.0)
    found = verify(strict, targets=["int8"])
    assert found.kept.target == "onnx"
    assert found.rows[1].verdict == "loses more than 0 dB"
    with pytest.raises(ExportError, match=r"int8 loses about .* dB, more than 0 dB.*`fine_tune=200`"):
        check(build("int8", strict), strict)


def test_references_say_what_is_lost(request_, pictures, times):
    exact = [build("onnx", request_).enhancer()(one) for one in pictures]
    noise = np.random.default_rng(0)
    truth = [np.clip(one + noise.normal(0, 60, one.shape), 0, 255).astype(np.uint8) for one in exact]
    row = verify(request_, targets=["int8"], pairs=list(zip(pictures, truth, strict=True))).rows[1]
    assert abs(row.drop) < 0.2  # beside so much noise 8 bits are nothing
    row = verify(request_, targets=["int8"], pairs=list(zip(pictures, exact, strict=True))).rows[1]
    assert row.drop == pytest.approx(100 - row.decibels)


def test_another_kind_of_file_is_measured_but_not_kept(request_, times):
    found = verify(request_, targets=["cube"])
    assert found.kept.target == "onnx"
    assert found.rows[1].verdict in ("loses more than 3 dB", "not a .onnx file; name one in .cube to have it")
    assert found.rows[1].speed == 100.0


def test_targets_that_cannot_be_built_say_why(request_, times):
    found = verify(request_, targets=["tensorrt"])
    assert isinstance(found.failed["tensorrt"], UnavailableError)
    assert "onnxruntime-gpu" in found.rows[1].verdict
    assert found.rows[1].decibels is None


def test_the_table_is_text_and_json(request_, times):
    found = verify(request_, targets=["int8"])
    lines = found.to_markdown().splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "| 2.50 " in lines[3]
    assert "kept" in lines[3]
    facts = json.loads(found.to_json())
    assert facts["kept"] == "int8"
    assert facts["instruction_sets"] == list(instruction_sets())
    assert facts["targets"][1]["speed"] == 2.5


def test_times_are_medians_in_turns():
    order = []
    enhancers = {name: lambda picture, name=name: order.append(name) for name in "ab"}
    found = milliseconds(enhancers, [np.zeros((10, 10, 3), np.uint8)] * 2, rounds=2)
    assert order == list("aabb" * 3)
    assert set(found) == {"a", "b"}
    assert all(value > 0 for value in found.values())


def test_memory_is_that_of_a_process(request_):
    artefact = build("onnx", request_)
    peak = peak_bytes("onnx", artefact.content, (64, 64, 3))
    assert peak is not None
    assert 30 << 20 < peak < 4 << 30
    assert peak_bytes("onnx", b"nothing", (64, 64, 3)) is None


def test_fine_tuning_where_the_limit_is_missed(bundles, pictures, monkeypatch):
    """The tuned network is exported anew, and measured against the one before."""
    from diptych.export import finetune, onnx

    seen = {}

    def tuned(source, batches, *, steps):
        seen["steps"] = steps
        return source

    def exported(source):
        seen["exported"] = True
        return bundles["unet"]

    monkeypatch.setattr(finetune, "fine_tune", tuned)
    asked = Request(source=generator("unet"), pictures=pictures, calibrate="minmax", max_drop=0.0, fine_tune=7)
    asked.__dict__["bundle"] = bundles["unet"]
    monkeypatch.setattr(onnx, "to_bundle", exported)
    artefact = build("int8", asked)
    assert seen == {"steps": 7, "exported": True}
    assert artefact.details["decibels"] > 25
    with pytest.raises(ExportError, match="7 steps of fine-tuning were not enough; give `fine_tune=200`"):
        check(artefact, asked)


def test_the_loss_without_references():
    scored = BundleMetadata(
        name="m", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=9, scores={"psnr": 21.5}
    )
    assert drop_of(33.0, Bundle(scored, b"")) == pytest.approx(0.3, abs=0.01)
    assert drop_of(36.5, Bundle(dataclasses.replace(scored, scores={}), b"")) == pytest.approx(0.3, abs=0.01)
    for drop in (0.1, 0.3, 2.0):
        assert drop_of(wanted_for(drop, Bundle(scored, b"")), Bundle(scored, b"")) == pytest.approx(drop)


def test_wrong_requests_are_refused(bundles, request_):
    empty = Request(source=bundles["unet"])
    for target in ("int8", "cube"):
        with pytest.raises(ExportError, match="needs pictures"):
            build(target, empty)
    with pytest.raises(ExportError, match="`images`"):
        verify(empty)
    with pytest.raises(UnknownNameError, match="did you mean 'int8'"):
        build("int4", request_)
    with pytest.raises(ExportError, match="`whole` is for onnx and int8"):
        build("cube", Request(source=bundles["unet"], pictures=request_.pictures, whole=True))
    assert room is not None
