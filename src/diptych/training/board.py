"""The log once more for TensorBoard, where it is installed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from diptych.core.image import Image


class Board:
    """Writes numbers and pictures for TensorBoard; does nothing where TensorBoard is missing."""

    def __init__(self, folder: Path) -> None:
        self._writer: Any = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of TensorBoard's own imports
                from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(str(folder))

    def numbers(self, entry: dict[str, Any]) -> None:
        """Add every number of an entry of the log."""
        if self._writer is None or entry["event"] not in ("losses", "validation"):
            return
        values = entry["losses"] | {"images_per_second": entry["images_per_second"]} if "losses" in entry else entry
        for name, value in values.items():
            if isinstance(value, float):
                self._writer.add_scalar(f"{entry['event']}/{name}", value, entry["step"])

    def picture(self, name: str, image: Image, step: int) -> None:
        """Add a picture ``(H, W, C)``."""
        if self._writer is not None:
            self._writer.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Write out what is buffered."""
        if self._writer is not None:
            self._writer.close()
