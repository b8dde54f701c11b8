"""How a picture was compressed as a JPEG."""

from __future__ import annotations

from dataclasses import dataclass

from diptych.core.errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class JpegTables:
    """Quantisation tables and block grid of a JPEG.

    Attributes
    ----------
    luma : tuple of int
        The 64 quantisation steps of luma, rows of rising horizontal frequency, for values of 0 to 255.
    chroma : tuple of int
        The same of the colour differences; empty for a grey picture.
    subsampling : (int, int)
        How many rows and columns of pixels share a value of chroma: (1, 1) for 4:4:4, (2, 2) for 4:2:0.
    origin : (int, int)
        Row and column, 0 to 7, where a block of luma begins.

    Raises
    ------
    ParameterError
        If a table has not 64 steps of 1 to 65535, or the grid is none.
    """

    luma: tuple[int, ...]
    chroma: tuple[int, ...] = ()
    subsampling: tuple[int, int] = (1, 1)
    origin: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        for name in ("luma", "chroma"):
            table = getattr(self, name)
            if ((table or name == "luma") and len(table) != 64) or not all(_is_step(one) for one in table):
                raise ParameterError(f"{name}: a quantisation table has 64 steps of 1 to 65535")
        if not all(one in (1, 2, 4) for one in self.subsampling) or not all(0 <= one < 8 for one in self.origin):
            raise ParameterError("subsampling is 1, 2 or 4, and origin 0 to 7, by rows and by columns")


def _is_step(value: object) -> bool:
    return isinstance(value, int) and 1 <= value <= 65535
