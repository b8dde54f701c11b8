"""Config of the discriminator of patches that attends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from diptych.core.errors import ParameterError
from diptych.core.parameters import Range
from diptych.networks._config import NetworkConfig, Role
from diptych.networks.receptive_field import Window, widest


@dataclass(frozen=True, kw_only=True)
class CAMPatchGAN(NetworkConfig):
    """A local and a global discriminator of patches, each with a class activation map and an auxiliary classifier.

    Parameters
    ----------
    channels_in : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels of the first convolution; each of the next has twice as many as the one before. 64 in the paper.
    depth : int
        Convolutions of stride 2 of the local discriminator. 3 in the paper: patches of 70 px.
    global_depth : int
        The same of the global one, more than `depth`; 0 for none. 5 in the paper: patches of 286 px.
    spectral : bool
        Whether each convolution (but the one that merges the attended maps) and the classifier is divided by its largest
        singular value.

    Raises
    ------
    ParameterError
        If a field is out of its bounds, or the global discriminator does not see farther than the local one.

    Notes
    -----
    The module returns a list of scores: for the local and then for the global discriminator, a map ``(N, 1, h, w)`` and the
    two scores ``(N, 2, 1, 1)`` of the auxiliary classifier, one from the average of the last maps and one from their maximum.
    All of them take part in the adversarial loss, as equals. Pictures smaller than `minimum` are continued by reflection.

    References
    ----------
    Kim et al., U-GAT-IT, ICLR 2020, section 2.1.2 and appendix A. Miyato et al., Spectral Normalization for Generative
    Adversarial Networks, ICLR 2018.

    Examples
    --------
    >>> CAMPatchGAN().receptive_field
    286
    """

    name: ClassVar[str] = "cam_patchgan"
    role: ClassVar[Role] = "discriminator"

    channels_in: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 512)] = 64
    depth: Annotated[int, Range(1, 6)] = 3
    global_depth: Annotated[int, Range(0, 7)] = 5
    spectral: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.global_depth and self.global_depth <= self.depth:
            raise ParameterError(
                f"cam_patchgan: global_depth = {self.global_depth} is not more than depth = {self.depth}; make it larger, or "
                f"give 0 for no global discriminator"
            )

    @property
    def depths(self) -> tuple[int, ...]:
        """Convolutions of stride 2 of each discriminator."""
        return (self.depth, self.global_depth) if self.global_depth else (self.depth,)

    @property
    def multiple(self) -> int:
        """Any height and width will do."""
        return 1

    @property
    def minimum(self) -> int:
        """Smallest height and width that give a score without being continued."""
        return 3 * int(2 ** max(self.depths))

    @property
    def receptive_field(self) -> int:
        """Side in px of a patch, of the discriminator that sees farther."""
        return widest([Window(4, 2, 1)] * max(self.depths) + [Window(4, 1, 1)] * 2, 1)
