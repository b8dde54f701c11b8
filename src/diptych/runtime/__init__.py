"""Models as files: the bundle, and the enhancer that runs one with ONNX Runtime at any size, within any memory.

`read_bundle` and `save_bundle` are the only doors to a file, and `OnnxEnhancer` runs what they let in. Importing this package
loads neither onnx nor onnxruntime.
"""

from __future__ import annotations

from diptych.runtime.bundle import Bundle, make_bundle, read_bundle, save_bundle
from diptych.runtime.facts import BundleFacts
from diptych.runtime.onnx import OnnxEnhancer

__all__ = ["Bundle", "BundleFacts", "OnnxEnhancer", "make_bundle", "read_bundle", "save_bundle"]
