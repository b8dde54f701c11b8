"""Kernels are compiled before a picture needs them."""

from __future__ import annotations

import os
import subprocess
import sys

from diptych import operators
from diptych.recipes import catalogue
from diptych.runtime import compiling


def test_after_compiling_the_default_enhancer_nothing_is_left_to_compile(tmp_path):
    """As told by the command, which says when it compiles; the picture is a coarse, dark JPEG."""
    from PIL import Image

    import diptych

    sample = os.path.join(os.path.dirname(diptych.__file__), "cli", "data", "forest.jpg")
    Image.open(sample).resize((300, 200)).point(lambda value: value // 4).save(tmp_path / "dark.jpg", quality=50)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    code = "from diptych.runtime.compiling import compile_default; compile_default()"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    call = ["enhance", str(tmp_path / "dark.jpg"), "-o", str(tmp_path / "out.jpg")]
    done = subprocess.run(
        [sys.executable, "-m", "diptych", *call], check=True, env=environment, capture_output=True, text=True
    )
    assert "compiling kernels" not in done.stderr


def test_every_operator_and_recipe_is_called_and_none_refuses(monkeypatch):
    monkeypatch.setattr(compiling, "_DEPTHS", ("uint8",))
    monkeypatch.setattr(compiling, "_SIDE", 32)
    assert list(compiling.compile_all()) == [*operators.names(), *catalogue.names()]
