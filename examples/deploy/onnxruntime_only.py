"""Enhance a picture with NumPy, ONNX Runtime and Pillow alone: what a program without Diptych needs.

    diptych export RUN -o evening.onnx --whole
    python onnxruntime_only.py evening.onnx dark.jpg bright.png

The graph takes uint8 (H, W, C) of any size and gives the same; every step of the recipe is inside.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime
from PIL import Image


def main(model: str, source: str, target: str) -> None:
    """Write the enhanced picture."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    if given.type != "tensor(uint8)":
        sys.exit(f"{model}: takes {given.type}; export it with --whole")
    channels = given.shape[2]
    picture = np.asarray(Image.open(source).convert("L" if channels == 1 else "RGB"))
    (result,) = session.run(None, {given.name: picture.reshape(*picture.shape[:2], channels)})
    Image.fromarray(result[:, :, 0] if result.shape[2] == 1 else result).save(target)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
