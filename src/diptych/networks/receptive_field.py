"""Which inputs an output sees: interval arithmetic over a chain of layers, from the output back to the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """A convolution along one axis: output i sees inputs ``stride * i - padding`` to that ``+ kernel - 1``."""

    kernel: int
    stride: int = 1
    padding: int = 0

    def back(self, low: int, high: int) -> tuple[int, int]:
        """Return the first and last input that outputs low to high see."""
        return self.stride * low - self.padding, self.stride * high - self.padding + self.kernel - 1


@dataclass(frozen=True)
class Spread:
    """A transposed convolution: input i reaches outputs ``stride * i - padding`` to that ``+ kernel - 1``.

    ``Spread(2, 2)`` is also what resizing to twice the size by the nearest neighbour does.
    """

    kernel: int
    stride: int
    padding: int = 0

    def back(self, low: int, high: int) -> tuple[int, int]:
        """Return the first and last input that outputs low to high see."""
        return -((self.kernel - 1 - self.padding - low) // self.stride), (high + self.padding) // self.stride


def seen(layers: Sequence[Window | Spread], position: int) -> tuple[int, int]:
    """Return the first and last input that the output at a position sees."""
    low = high = position
    for layer in reversed(layers):
        low, high = layer.back(low, high)
    return low, high


def widest(layers: Sequence[Window | Spread], period: int) -> int:
    """Return the largest number of inputs (along one axis) that an output sees; positions repeat after a period."""
    return max(high - low + 1 for low, high in (seen(layers, position) for position in range(period)))


def farthest(layers: Sequence[Window | Spread], period: int) -> int:
    """Return the largest distance from an output to an input that it sees."""
    intervals = ((position, *seen(layers, position)) for position in range(period))
    return max(max(position - low, high - position) for position, low, high in intervals)
