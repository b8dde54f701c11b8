"""Examples in docstrings know NumPy as np."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _numpy_in_examples(doctest_namespace):
    doctest_namespace["np"] = np
