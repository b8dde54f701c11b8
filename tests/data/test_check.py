"""The domain check: what it must find in files, copies and traits, and how it tells."""

from __future__ import annotations

import json
import threading
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from check_helpers import bytes_of, found, night, only, scene, write_folders
from diptych.core.errors import ParameterError
from diptych.core.image import from_float
from diptych.data.domain_check import check
from diptych.data.domain_check import survey as survey_module
from diptych.data.domain_check.survey import summary_of
from diptych.operators import develop, zoom
from diptych.photo import read


@pytest.fixture
def folders(tmp_path):
    """Return a function that writes two folders of pictures."""
    return lambda source, target: write_folders(tmp_path, source, target)


# Copies


def variants(image: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "smaller.png": zoom(image, factor=0.4, interpolation="area"),
        "brighter.png": develop(image, exposure=0.7),
        "darker.png": image // 2,
        "recompressed.jpg": image,
    }


def test_copies_are_found_whatever_was_done_to_them(folders):
    image = bytes_of(scene(0))
    others = {f"o{seed}.png": scene(seed) for seed in range(1, 12)}
    result = check(*folders({"one.png": image, **variants(image), **others}, [scene(seed) for seed in range(20, 24)]))
    copies = only(result, "duplicates")
    assert copies.level == "warning"
    assert copies.numbers == {"views": 1, "too_many": 4}
    assert set(copies.examples[0]) == {"A/one.png", *(f"A/{name}" for name in variants(image))}


def test_black_and_flat_pictures_are_blank_and_no_copies(folders):
    rng = np.random.default_rng(0)
    blank = {
        "black1.png": np.zeros((300, 300, 3), np.uint8),
        "black2.png": np.zeros((300, 300, 3), np.uint8),
        "flat1.png": np.full((300, 300, 3), 128, np.uint8),
        "flat2.jpg": np.full((280, 300, 3), 128, np.uint8),
        "noise1.png": rng.integers(0, 12, (300, 300, 3)).astype(np.uint8),
        "noise2.png": rng.integers(0, 12, (300, 300, 3)).astype(np.uint8),
    }
    result = check(*folders({**blank, **{f"{n}.png": scene(n) for n in range(3)}}, [scene(n) for n in range(9, 12)]))
    assert {label for (label,) in only(result, "blank").examples} == {f"A/{name}" for name in blank}
    assert not found(result, "duplicates")
    assert not found(result, "drawn")


def test_the_same_picture_in_both_folders(folders):
    source = [scene(seed) for seed in range(6)]
    result = check(*folders(source, {"copy.jpg": scene(2), **{f"{n}.png": scene(n) for n in range(10, 15)}}))
    both = only(result, "in_both")
    assert both.level == "warning"
    assert both.examples == (("A/a2.png", "B/copy.jpg"),)


def test_a_view_under_two_names_and_two_lights_is_a_note(folders):
    source = [scene(seed) ** 1.5 * 0.4 for seed in range(6)]
    result = check(*folders(source, {"day.jpg": scene(2), **{f"{n}.png": scene(n) for n in range(10, 15)}}))
    assert only(result, "views").level == "note"
    assert only(result, "views").examples == (("A/a2.png", "B/day.jpg"),)
    assert not found(result, "in_both")


def test_pairs_have_equal_names_and_matching_contents(folders):
    source = {f"{seed}.png": night(scene(seed), seed) for seed in range(8)}
    target = {f"{seed}.jpg": scene(seed if seed < 5 else 50 + seed) for seed in range(8)}
    pairs = only(check(*folders(source, target)), "pairs")
    assert pairs.level == "note"
    assert pairs.examples == tuple((f"A/{seed}.png", f"B/{seed}.jpg") for seed in range(5))


def test_pictures_that_are_framed_alike_are_no_pairs(folders):
    frame = scene(0)
    source = {f"{seed}.png": 0.7 * frame + 0.3 * scene(seed) for seed in range(10, 20)}
    target = {f"{seed}.png": 0.7 * frame + 0.3 * scene(100 + seed) for seed in range(10, 20)}
    result = check(*folders(source, target))
    assert sum(one.count for one in found(result, "pairs")) <= 1
    assert not found(result, "duplicates")


# Files


def test_unreadable_files_are_named_with_their_reasons(folders):
    source, target = folders([scene(seed) for seed in range(3)], [scene(seed) for seed in range(10, 13)])
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (source / "empty.png").write_bytes(b"")
    result = check(source, target)
    bad = only(result, "unreadable")
    assert bad.level == "error"
    assert "2 of 5 files of A" in bad.text
    assert any("A/empty.png (is empty" in label for (label,) in bad.examples)
    assert result.verdict == "not ready"
    assert not result.complete
    assert (result.counts["A"].files, result.counts["A"].readable) == (5, 3)


def test_one_unreadable_file_of_many_is_a_warning(folders):
    source, target = folders([scene(seed, 60, 80) for seed in range(24)], [scene(30)])
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    assert only(check(source, target), "unreadable").level == "warning"


def test_depths_channels_and_sizes(folders):
    deep = from_float(scene(1), np.dtype(np.uint16))
    grey = bytes_of(scene(2)).mean(axis=2).astype(np.uint8)
    source = {"0.png": scene(0), "3.png": scene(3), "deep.png": deep, "grey.png": grey, "tiny.png": scene(4, 100, 120)}
    result = check(*folders(source, [scene(seed, 1000, 1200) for seed in range(10, 12)]))
    assert only(result, "depths").examples == (("A/deep.png",),)
    assert only(result, "channels").examples == (("A/grey.png",),)
    assert only(result, "small").examples == (("A/tiny.png",),)
    assert "320 px in A and 1200 px in B" in only(result, "sizes").text


@pytest.mark.parametrize(
    ("count", "level", "words"), [(1, "error", "at the very least"), (3, "warning", "tone and colour")]
)
def test_what_the_number_of_pictures_allows(folders, count, level, words):
    result = check(*folders([scene(seed) for seed in range(count)], [scene(seed) for seed in range(10, 13)]))
    one = found(result, "count")[0]
    assert (one.level, one.numbers["readable"]) == (level, count)
    assert words in one.text


# Traits


def test_misfits_are_named(folders):
    source = {f"{seed}.png": night(scene(seed), seed) for seed in range(20)}
    source["noon.png"] = scene(50) ** 0.5
    target = {f"{seed}.png": scene(seed) ** 0.7 for seed in range(100, 120)}
    target["midnight.png"] = scene(60) * 0.08
    misfits = found(check(*folders(source, target)), "misfits")
    assert {one.examples for one in misfits} == {(("A/noon.png",),), (("B/midnight.png",),)}
    assert all("than the median of" in one.text for one in misfits)


def test_drawings_are_named_and_smooth_photographs_are_not(folders):
    rng = np.random.default_rng(0)
    screen = np.full((300, 400, 3), 250, np.uint8)
    for _ in range(60):
        top, left = rng.integers(0, 280), rng.integers(0, 370)
        screen[top : top + rng.integers(2, 20), left : left + rng.integers(2, 30)] = rng.integers(0, 200, 3)
    ramp = np.linspace(60, 200, 400)[np.newaxis, :, np.newaxis] * np.ones((300, 1, 3))
    source = {"screen.png": screen, "ramp.png": ramp.astype(np.uint8), **{f"{n}.png": scene(n) for n in range(3)}}
    assert only(check(*folders(source, [scene(9)])), "drawn").examples == (("A/screen.png",),)


def test_alike_folders_leave_nothing_to_learn(folders):
    result = check(*folders([scene(seed) for seed in range(15)], [scene(seed) for seed in range(20, 35)]))
    assert "training needs one" in only(result, "alike").text


# The whole


def test_every_picture_is_decoded_once_and_never_more_than_jobs_at_a_time(folders, monkeypatch):
    lock, calls, now, most = threading.Lock(), [], [0], [0]

    def counted(path, **options):
        with lock:
            calls.append(path)
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            time.sleep(0.01)
            return read(path, **options)
        finally:
            with lock:
                now[0] -= 1

    source, target = folders([scene(seed, 60, 80) for seed in range(8)], [scene(seed, 60, 80) for seed in range(8, 16)])
    monkeypatch.setattr(survey_module, "read", counted)
    totals = []

    def watch(seen, total):
        totals.append(total)
        yield from seen

    alone = check(source, target, jobs=1, progress=watch)
    assert (len(calls), len(set(calls)), most[0], totals) == (16, 16, 1, [16])
    assert check(source, target, jobs=3) == alone
    assert most[0] <= 3


def test_nothing_large_is_kept_of_a_picture():
    summary = summary_of("A", "big.png", bytes_of(scene(0, 1500, 2000)))
    arrays = [*summary.content[1:]]
    assert sum(array.nbytes for array in arrays) + len(summary.thumbnail) < 20_000
    assert all(array.base is None or array.base.nbytes == array.nbytes for array in arrays)


def test_wrong_calls(folders, tmp_path):
    source, target = folders([scene(0, 60, 80)], [scene(1, 60, 80)])
    (tmp_path / "nothing").mkdir()
    (source / "inner").mkdir()
    for first, second, words in [
        (source, source, "same folder"),
        (source, source / ".." / "A", "same folder"),
        (source, source / "inner", "lies in the other"),
        (tmp_path, source, "lies in the other"),
        (source, tmp_path / "missing", "B: .*missing: no such folder"),
        (source / "a0.png", target, "is not a folder"),
        (tmp_path / "nothing", target, "A: no pictures in"),
    ]:
        with pytest.raises(ParameterError, match=words):
            check(first, second)
    with pytest.raises(ParameterError, match="jobs is -1"):
        check(source, target, jobs=-1)


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.sources = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]


def test_text_json_and_page(folders):
    image = bytes_of(scene(0))
    names = {"<script>alert(1)</script>&.png".replace("/", "_"): image, "two.png": image}
    result = check(*folders({**names, **{f"{n}.png": scene(n) for n in range(1, 4)}}, [scene(9), scene(10)]))
    text = result.to_text()
    assert text.startswith("Ready, with warnings.\nA = ")
    assert "\nwarning: A shows 1 view more than once" in text
    facts = json.loads(result.to_json())
    assert facts["verdict"] == result.verdict
    assert [one["kind"] for one in facts["findings"]] == [one.kind for one in result.findings]
    assert facts["counts"]["A"]["readable"] == 5
    page = Page()
    page.feed(result.to_html())
    assert "script" not in page.tags
    assert page.tags.count("img") == 2
    assert all(one.startswith("data:") for one in page.sources)


def test_a_name_with_a_line_break_stays_in_its_line(folders):
    names = {"a\nerror: x.png": bytes_of(scene(0)), "b.png": bytes_of(scene(0))}
    result = check(*folders({**names, **{f"{n}.png": scene(n) for n in range(1, 4)}}, [scene(9), scene(10)]))
    assert r"A/a\nerror: x.png" in result.to_text()
    assert "\nerror: x" not in result.to_text()


def test_findings_come_errors_first_and_show_ten(folders):
    result = check(*folders([scene(seed, 60, 80) for seed in range(14)], [scene(20)]))
    levels = [one.level for one in result.findings]
    assert levels == sorted(levels, key=["error", "warning", "note"].index)
    small = found(result, "small")[0]
    assert (len(small.examples), small.count) == (10, 14)
    assert "\n    and 4 more" in result.to_text()


def test_a_few_pictures_cannot_tell_any_difference(folders):
    bright = [bytes_of(scene(seed)) for seed in range(4)]
    result = check(*folders([image // 4 for image in bright], bright))
    text = only(result, "too_few").text
    assert "exposure and contrast, colour or noise cannot be told from 4 and 4 pictures" in text
    assert "No difference" not in result.to_text()


def test_files_of_other_kinds_are_named(folders):
    source, target = folders([scene(seed) for seed in range(3)], [scene(seed) for seed in range(3, 6)])
    (source / "x.psd").touch()
    (source / "notes.txt").touch()
    result = check(source, target)
    assert only(result, "unreadable").examples == (("A/x.psd (PSD files cannot be read)",),)
    assert not result.complete
