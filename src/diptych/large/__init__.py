"""Pictures larger than memory: read by rows, enhanced by rows, written by rows.

`Rows` is a picture of which rows can be read; `LazyRows` is what a function makes of another one's rows, with the halo that it
needs. An enhancer on such a picture is a chain of them, which is computed when the writer asks for rows.
"""

from __future__ import annotations

from diptych.large.enhance import enhance_large

__all__ = ["enhance_large"]
