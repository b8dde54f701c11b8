"""Models as files: the bundle, and the enhancer that runs one with ONNX Runtime at any size, within any memory.

`read_bundle` and `save_bundle` are the only doors to a file; `open_enhancer` gives what runs what they let in: `OnnxEnhancer`,
`RenderEnhancer` for the generator `render`, or `OnnxRefiner` for a `refiner`.
Importing this package loads neither onnx nor onnxruntime.
"""

from __future__ import annotations

from diptych.runtime.bundle import Bundle, make_bundle, read_bundle, save_bundle
from diptych.runtime.enhancing import InTheBox, enhance
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.opening import default_model, open_enhancer
from diptych.runtime.refiner import OnnxRefiner, Refined
from diptych.runtime.render import RenderEnhancer

__all__ = [
    "Bundle",
    "BundleMetadata",
    "InTheBox",
    "OnnxEnhancer",
    "OnnxRefiner",
    "Refined",
    "RenderEnhancer",
    "default_model",
    "enhance",
    "make_bundle",
    "open_enhancer",
    "read_bundle",
    "save_bundle",
]
