"""Models as files: the bundle, and the enhancer that runs one with ONNX Runtime at any size, within any memory.

`read_bundle` and `save_bundle` are the only doors to a file; `open_enhancer` runs what they let in: `OnnxEnhancer`,
`NetworkPlanner` for a `planner`, `OnnxDenoiser` for a `denoiser`, or `OnnxRefiner` for a `refiner`. `resolve_enhancer` finds
what a name means.
Importing this package loads neither onnx nor onnxruntime.
"""

from __future__ import annotations

from diptych.runtime.bundle import Bundle, make_bundle, read_bundle, save_bundle
from diptych.runtime.default import DefaultEnhancer, default_model, packaged_denoiser
from diptych.runtime.denoiser import OnnxDenoiser
from diptych.runtime.enhancing import enhance, plan
from diptych.runtime.files import enhance_files
from diptych.runtime.metadata import BundleMetadata
from diptych.runtime.onnx import OnnxEnhancer
from diptych.runtime.opener import open_enhancer
from diptych.runtime.planner import NetworkPlanner
from diptych.runtime.refiner import OnnxRefiner, Refined
from diptych.runtime.resolve import EnhancerChoice, is_model, resolve_enhancer

__all__ = [
    "Bundle",
    "BundleMetadata",
    "DefaultEnhancer",
    "EnhancerChoice",
    "NetworkPlanner",
    "OnnxDenoiser",
    "OnnxEnhancer",
    "OnnxRefiner",
    "Refined",
    "default_model",
    "enhance",
    "enhance_files",
    "is_model",
    "make_bundle",
    "open_enhancer",
    "packaged_denoiser",
    "plan",
    "read_bundle",
    "resolve_enhancer",
    "save_bundle",
]
