"""Every faster path gives the plain version's answer, over drawn images, channels and parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diptych import operators
from diptych.core.errors import ParameterError
from strategies import arguments, examples, images

NAMES = [name for name in operators.names() if operators.declaration(name).paths]

# Where a step of an integer statistic may fall on either side, the operator's own parity test is the finer one.
TOLERANCE = {"uint8": 1, "uint16": 1, "bool": 0, "float32": 1e-4, "float64": 1e-4}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_path_equals_plain(name, data):
    declaration = operators.declaration(name)
    dtypes = sorted({dtype for path in declaration.paths for dtype in path.dtypes})
    image = data.draw(images(dtypes=dtypes))
    given_ = {**examples(declaration), **data.draw(arguments(declaration))}
    given_.update({name: value for name, value in examples(declaration).items() if given_[name] is None})
    try:
        expected = declaration.plain(image, **given_)
    except ParameterError:
        with pytest.raises(ParameterError):
            declaration.function(image, **given_)
        return
    result = declaration.function(image, **given_)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    difference = np.abs(result.astype(np.float64) - expected.astype(np.float64))
    assert difference.max() <= TOLERANCE[image.dtype.name] + 1e-9, (image.shape, image.dtype, given_)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_is_readable(name):
    for path in operators.declaration(name).paths:
        assert path.name
        assert set(path.dtypes) <= set(TOLERANCE)


@pytest.mark.parametrize("name", NAMES)
def test_the_result_does_not_depend_on_the_number_of_threads(name, monkeypatch):
    rng = np.random.default_rng(3)
    declaration = operators.declaration(name)
    required = examples(declaration)
    for dtype in ("uint8", "float32"):
        image = rng.random((150, 61, 3)).astype(np.float32)
        image = image if dtype == "float32" else (image * 255).astype(dtype)
        results = []
        for threads in ("1", "3"):
            monkeypatch.setenv("DIPTYCH_THREADS", threads)
            results.append(declaration.function(image, **required))
        assert np.array_equal(*results)


def test_every_file_of_kernels_is_found():
    """None of them gives another answer, so that nothing but the time tells when they are not."""
    assert all(
        operators.declaration(name).paths for name in ("median", "clahe", "develop", "denoise_photo", "gaussian")
    )
