from __future__ import annotations

from pathlib import Path

import pytest

from diptych.photo import find_photos, is_readable, readable_suffixes, search


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.jpg",
        "a.PNG",
        "notes.txt",
        ".hidden.png",
        ".diptych-00-1-2.tmp",
        "sub/c.tif",
        "sub/deep/d.webp",
        ".git/e.png",
        "f[1].jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def names(found, folder):
    return [(str(item.root.relative_to(folder)), str(item.relative)) for item in found]


def test_folder(folder):
    expected = ["a.PNG", "b.jpg", "f[1].jpg", "sub/c.tif", "sub/deep/d.webp"]
    assert names(find_photos([folder]), folder) == [(".", name) for name in expected]
    root, path = find_photos([str(folder)])[0]
    assert (root, path) == (folder, folder / "a.PNG")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.jpg", [(".", "b.jpg"), (".", "f[1].jpg")]),
        ("**/*.webp", [(".", "sub/deep/d.webp")]),
        ("sub/*", [("sub", "c.tif"), ("sub", "deep/d.webp")]),
        ("*", [(".", "a.PNG"), (".", "b.jpg"), (".", "f[1].jpg"), (".", "sub/c.tif"), (".", "sub/deep/d.webp")]),
        ("**", [(".", "a.PNG"), (".", "b.jpg"), (".", "f[1].jpg"), (".", "sub/c.tif"), (".", "sub/deep/d.webp")]),
        ("?.jpg", [(".", "b.jpg")]),
        ("f[1].jpg", [(".", "f[1].jpg")]),
    ],
)
def test_pattern(folder, pattern, expected):
    assert names(find_photos([folder / pattern]), folder) == expected


def test_relative_inputs(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_photos(["*.jpg"]) == [(Path(), Path("b.jpg")), (Path(), Path("f[1].jpg"))]
    assert find_photos(["sub"])[0] == (Path("sub"), Path("sub/c.tif"))
    assert find_photos("b.jpg") == [(Path(), Path("b.jpg"))]


def test_named_files_are_kept_as_they_are(folder):
    inputs = [folder / "missing.jpg", folder / "notes.txt", folder / "*.gif", folder / "b.jpg"]
    assert [item.path for item in find_photos(inputs)] == inputs


def test_each_file_once_and_in_the_order_of_the_inputs(folder):
    found = find_photos([folder / "sub", folder / "b.jpg", folder])
    assert [item.path.name for item in found] == ["c.tif", "d.webp", "b.jpg", "a.PNG", "f[1].jpg"]


def test_loop_of_links(folder):
    (folder / "sub" / "loop").symlink_to(folder)
    assert len(find_photos([folder])) == 5
    (folder / "gone.jpg").symlink_to(folder / "nowhere")
    assert len(find_photos([folder])) == 6  # reading it says what is wrong


CAMERAS = "dng cr2 cr3 crw nef nrw arw srf sr2 raf orf rw2 pef srw x3f 3fr iiq rwl"


def test_suffixes():
    jpeg = {".jpg", ".jpeg", ".jpe", ".jfif", ".jif"}
    cameras = {f".{one}" for one in CAMERAS.split()}
    assert readable_suffixes() == jpeg | cameras | {
        ".png",
        ".tif",
        ".tiff",
        ".webp",
        ".bmp",
        ".dib",
        ".apng",
        ".avif",
        ".jxl",
        ".gif",
        ".heic",
        ".heif",
        ".hif",
        ".dcm",
        ".dicom",
    }
    assert is_readable("A.JPEG")
    assert not is_readable("a")


def test_what_is_left_out_of_a_folder_is_told(tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("a.jpg", "b.PSD", "c.mov", "notes.txt", ".hidden.psd", "out/a.jpg", "a.enhanced.jpg"):
        (tmp_path / name).touch()
    found = search([tmp_path], exclude=lambda path: path.name == "out" or path.stem.endswith(".enhanced"))
    assert [photo.path.name for photo in found.photos] == ["a.jpg"]
    assert [path.name for path in found.unreadable] == ["b.PSD", "c.mov"]
    assert found.others == 1
    named = search([tmp_path / "b.PSD", tmp_path / "a.enhanced.jpg"], exclude=lambda path: True)
    assert [photo.path.name for photo in named.photos] == ["b.PSD", "a.enhanced.jpg"]


def test_dicom_without_an_ending_is_found_in_folders(tmp_path):
    dicom = bytes(128) + b"DICM" + bytes(100)
    for name, content in {"IM0001": dicom, "1.2.840.17": dicom, "README": b"text", "c.txt": dicom}.items():
        (tmp_path / name).write_bytes(content)
    found = search([tmp_path])
    assert [one.path.name for one in found.photos] == ["1.2.840.17", "IM0001"]
    assert found.others == 2
