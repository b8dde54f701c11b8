"""Config of the discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from diptych.core.parameters import Range
from diptych.networks._config import NetworkConfig, Role
from diptych.networks.receptive_field import Window, widest


@dataclass(frozen=True, kw_only=True)
class PatchGAN(NetworkConfig):
    """Discriminator of patches: its output is a map of scores, one for each overlapping patch.

    Parameters
    ----------
    channels_in : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels of the first convolution; the next have 2, 4 and then 8 times as many.
    depth : int
        Convolutions of stride 2. The side of a patch is 16, 34, 70, 142 px for a depth of 1, 2, 3, 4.
    normalisation : {"instance", "none"}
        Instance normalisation (with learned scale and shift) of the inner convolutions, or none. A gradient penalty
        is defined for each picture alone, which both keep.
    spectral : bool
        Whether each convolution is divided by its largest singular value (Miyato et al.).
    scales : int
        Number of discriminators; each scores the picture at half the size of the one before (Wang et al.).

    Raises
    ------
    ParameterError
        If a field is out of its bounds.

    Notes
    -----
    The module returns a list with one map ``(N, 1, h, w)`` of unbounded scores for each scale. Pictures smaller than
    `minimum` are continued by reflection.

    References
    ----------
    Isola et al., CVPR 2017, sections 3.2.2 and 6.1.2. Miyato et al., Spectral Normalization for Generative Adversarial
    Networks, ICLR 2018. Wang et al., High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs,
    CVPR 2018, section 3.2.

    Examples
    --------
    >>> [PatchGAN(depth=depth).receptive_field for depth in (1, 2, 3)]
    [16, 34, 70]
    """

    name: ClassVar[str] = "patchgan"
    role: ClassVar[Role] = "discriminator"

    channels_in: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 512)] = 64
    depth: Annotated[int, Range(1, 6)] = 3
    normalisation: Literal["instance", "none"] = "instance"
    spectral: bool = False
    scales: Annotated[int, Range(1, 4)] = 1

    @property
    def multiple(self) -> int:
        """Any height and width will do."""
        return 1

    @property
    def minimum(self) -> int:
        """Smallest height and width (at the coarsest scale) that give a score without being continued."""
        return 3 * int(2**self.depth)

    @property
    def receptive_field(self) -> int:
        """Side in px of a patch, at the finest scale."""
        return widest([Window(4, 2, 1)] * self.depth + [Window(4, 1, 1)] * 2, 1)
