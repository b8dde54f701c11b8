"""ONNX Runtime sessions for measuring: two lines that every export needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.core.parallel import threads

if TYPE_CHECKING:
    import onnxruntime


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a session on the CPU with as many threads as everything else in Diptych has, and without its remarks."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
