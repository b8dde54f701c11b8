"""A look-up table carries a change of colour, and says what it does not carry."""

from __future__ import annotations

import numpy as np
import pytest

from diptych.core.enhancer import EnhancerSpec
from diptych.export import ExportError
from diptych.export.cube import CubeEnhancer, apply_table, cube_text, fit, to_cube

MATRIX = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.0], [0.0, 0.2, 0.7]])


class Graded:
    """A change of colour: a curve, then a mixture."""

    spec = EnhancerSpec("graded", "")

    def __call__(self, image):
        return (image**0.6 @ MATRIX.T).astype(np.float32)


class Vignetted(Graded):
    """The same, and darker towards one side, which no table can do."""

    def __call__(self, image):
        return super().__call__(image) * np.linspace(0.5, 1, image.shape[1], dtype=np.float32)[:, np.newaxis]


def axis_table(size: int = 5) -> np.ndarray:
    """Return the table that leaves colours as they are: the axes are blue, green, red."""
    blue, green, red = np.meshgrid(*[np.linspace(0, 1, size)] * 3, indexing="ij")
    return np.stack([red, green, blue], axis=-1)


def test_the_identity_is_the_identity():
    colours = np.random.default_rng(0).random((200, 3))
    assert np.abs(apply_table(axis_table(), colours) - colours).max() < 1e-12


def test_a_change_of_colour_is_carried(pictures):
    cube = to_cube(Graded(), pictures, size=17)
    assert cube.table.shape == (17, 17, 17, 3)
    assert cube.decibels > 45
    assert cube.identity_decibels < 25
    assert cube.table.min() >= 0
    assert cube.table.max() <= 1


def test_what_is_not_a_colour_is_not_carried(pictures):
    cube = to_cube(Vignetted(), pictures, size=9)
    assert 15 < cube.decibels < 30


def test_unseen_colours_are_continued_smoothly():
    rng = np.random.default_rng(1)
    seen = 0.3 + 0.2 * rng.random((5000, 3))
    table = fit(seen, seen @ MATRIX.T, 17)
    everywhere = rng.random((500, 3))
    assert np.abs(apply_table(table, everywhere) - everywhere @ MATRIX.T).max() < 0.01


def test_the_file_lists_red_fastest(tmp_path):
    lines = cube_text(axis_table(3), 'an "evening"\nmodel').splitlines()
    assert lines[0] == 'TITLE "an  evening  model"'
    assert lines[1] == "LUT_3D_SIZE 3"
    values = [tuple(map(float, line.split())) for line in lines[4:]]
    assert len(values) == 27
    assert values[:4] == [(0, 0, 0), (0.5, 0, 0), (1, 0, 0), (0, 0.5, 0)]
    assert values[9] == (0, 0, 0.5)


def test_the_file_is_read_back():
    table = np.random.default_rng(2).random((4, 4, 4, 3))
    image = np.random.default_rng(3).integers(0, 256, (7, 5, 3), np.uint8)
    direct = apply_table(table, image.reshape(-1, 3) / 255).reshape(image.shape)
    result = CubeEnhancer.from_text(cube_text(table, "x"))(image)
    assert result.dtype == np.uint8
    assert np.abs(result - direct * 255).max() <= 0.51


def test_ffmpeg_understands_it(tmp_path):
    """The other reader of this format that is at hand, where it is."""
    import shutil
    import subprocess

    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    import diptych as dp

    table = np.clip(axis_table(9) @ MATRIX.T, 0, 1)
    (tmp_path / "x.cube").write_text(cube_text(table, "x"))
    image = np.random.default_rng(4).integers(0, 256, (16, 16, 3), np.uint8)
    dp.write(tmp_path / "in.png", image)
    filters = f"lut3d=file={tmp_path / 'x.cube'}:interp=trilinear"
    subprocess.run([ffmpeg, "-v", "error", "-i", tmp_path / "in.png", "-vf", filters, tmp_path / "out.png"], check=True)
    expected = apply_table(table, image.reshape(-1, 3) / 255).reshape(image.shape) * 255
    assert np.abs(dp.read(tmp_path / "out.png").pixels - expected).max() <= 1.5


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4)])
def test_a_table_is_of_three_colours(shape):
    with pytest.raises(ExportError, match="three channels"):
        to_cube(Graded(), [np.zeros(shape, np.uint8)])
    with pytest.raises(ExportError, match="three channels"):
        to_cube(Graded(), [])
