"""Faster ways to the answers of the metrics: ``_kernels/<name>.py`` has a function ``fast``; see `diptych.core.metric`."""
