"""ONNX Runtime sessions for measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.core.parallel import threads

if TYPE_CHECKING:
    import onnxruntime


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """Return a session on the CPU with the number of threads of `diptych.core.parallel.threads`, which logs errors only."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
