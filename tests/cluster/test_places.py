"""Places: what is listed, and that a file appears whole."""

from __future__ import annotations

import uuid

import pytest

from diptych.cluster.location import Found, Location
from diptych.core.errors import ParameterError

pytest.importorskip("fsspec")


@pytest.fixture(params=["path", "file", "memory"])
def place(request, tmp_path):
    """Return an empty place of each kind."""
    (tmp_path / "p").mkdir()
    name = uuid.uuid4().hex
    return Location(
        {"path": str(tmp_path / "p"), "file": f"file://{tmp_path}/p", "memory": f"memory://{name}"}[request.param]
    )


def test_what_is_written_is_listed_and_read(place):
    for name in (
        "b.png",
        "a.jpg",
        "sub/deep/c.TIF",
        "notes.txt",
        "x.psd",
        "a.enhanced.jpg",
        ".hidden.png",
        ".cache/d.png",
    ):
        place.write(name, name.encode())
    assert place.is_there()
    listed = list(place.files())
    assert {one.name: one.kind for one in listed if one.kind != "picture"} == {
        "notes.txt": "other",
        "x.psd": "unreadable",
    }
    found = [one for one in listed if one.kind == "picture"]
    assert sorted(one.name for one in found) == ["a.jpg", "b.png", "sub/deep/c.TIF"]
    assert all(one.version for one in found)
    assert place.read("sub/deep/c.TIF") == b"sub/deep/c.TIF"
    assert place.exists("b.png")
    assert not place.exists("c.png")
    place.write("b.png", b"another")
    assert place.read("b.png") == b"another"
    changed = {one.name: one.version for one in place.files()}
    assert [one.name for one in found if changed[one.name] != one.version] == ["b.png"]


def test_a_file_that_is_not_there_is_an_oserror(place):
    with pytest.raises(OSError, match="none"):
        place.read("none.png")


def test_listing_is_lazy(tmp_path):
    for index in range(50):
        (tmp_path / f"{index}.png").touch()
    listed = Location(str(tmp_path)).files()
    assert isinstance(next(listed), Found)
    for path in tmp_path.iterdir():  # what is gone is not looked at again
        path.unlink()
    assert len(list(listed)) < 49


def test_places_within_one_another(tmp_path):
    here, inside, beside = (Location(str(tmp_path / name)) for name in ("a", "a/b", "ab"))
    assert here.holds(inside)
    assert here.holds(Location(f"file://{tmp_path}/a/"))
    assert not here.holds(beside)
    assert not inside.holds(here)
    assert not here.holds(Location(f"memory://{tmp_path}/a"))


def test_an_unknown_protocol_is_named():
    with pytest.raises(ParameterError, match="nothing://bucket"):
        Location("nothing://bucket").is_there()


def test_other_file_systems_get_a_temporary_name_first(tmp_path):
    """What can rename, and is not this machine's, is written beside the target and renamed."""
    from fsspec.implementations.local import LocalFileSystem

    class Far(LocalFileSystem):
        protocol = ("far",)
        moved: list[tuple[str, str]] = []  # noqa: RUF012

        def mv(self, path1, path2, **options):
            self.moved.append((path1, path2))
            return super().mv(path1, path2, **options)

    place = Location(str(tmp_path))
    place.__dict__["_opened"] = (Far(), str(tmp_path))
    place.write("sub/a.png", b"content")
    assert (tmp_path / "sub" / "a.png").read_bytes() == b"content"
    assert [path2 for _, path2 in Far.moved] == [f"{tmp_path}/sub/a.png"]
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["a.png"]
