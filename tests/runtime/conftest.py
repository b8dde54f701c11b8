"""Bundles of small networks, and a picture."""

from __future__ import annotations

import pytest

from runtime_networks import make, photograph


@pytest.fixture
def bundle_file(tmp_path):
    """Return a function that writes a bundle and returns its path."""

    def write(name: str = "hourglass", **more):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(make(name, **more).model)
        return path

    return write


@pytest.fixture
def photo():
    """Return a dark picture."""
    return photograph()
