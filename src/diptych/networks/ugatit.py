"""Config of the generator UGATIT: attention by class activation maps, and normalisation that adapts to the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from diptych.core.parameters import Range
from diptych.networks._config import GeneratorConfig
from diptych.networks.receptive_field import Spread, Window


@dataclass(frozen=True, kw_only=True)
class UGATIT(GeneratorConfig):
    """An encoder that learns where the domains differ, and a decoder that attends to it.

    Two halvings and residual blocks give maps E of a quarter of the size. An auxiliary classifier tells from their global
    average and their global maximum whether the picture is of the source or of the target; its weights w say how much
    each map speaks for the source. The decoder starts from the weighted maps w E (the attention), and its residual blocks
    normalise by AdaLIN: with the statistics of each map (I) and of all maps of the picture (L),

    ``out = gamma (rho (x - mean_I) / sqrt(var_I + e) + (1 - rho) (x - mean_L) / sqrt(var_L + e)) + beta``,

    where gamma and beta come from the attended maps and rho, in [0, 1], is learned for each channel. Then two doublings, with
    the same normalisation but a learned gamma and beta.

    Parameters
    ----------
    channels_in, channels_out : int
        Channels of the pictures, 1 to 64.
    width : int
        Channels at full size; twice as many after the first halving, four times in the blocks. 64 in the paper.
    blocks : int
        Residual blocks of the encoder, and as many of the decoder. 4 in the paper.
    light : bool
        Whether gamma and beta come from the averages of the attended maps, or from all of their values, for which 268 million
        weights are needed at the paper's width and size.
    size : int
        Side in px of the pictures that the full version is trained on. Pictures of any other size have their attended maps
        averaged over equal areas to a quarter of this, for gamma and beta alone. The light version has no use for it.
    residual : bool
        Whether the network corrects its input, beginning as the identity, or paints a new picture, as in the paper.

    Raises
    ------
    ParameterError
        If a field is out of its bounds.

    Notes
    -----
    Besides a picture, the module gives more on request, ``attend(image) -> (output, logits, heat)``: the two logits of the
    classifier, and the class activation map of its maximum at a quarter of the size, which is the higher the more a place
    speaks for the source. The statistics of AdaLIN and the averages see the whole picture, so that a large picture is not
    computed in pieces.

    The formulas are those of the paper. The authors' code differs: it takes variances of variances.

    References
    ----------
    Kim, Kim, Kang and Lee, U-GAT-IT: Unsupervised Generative Attentional Networks with Adaptive Layer-Instance Normalization
    for Image-to-Image Translation, ICLR 2020, section 2.1 and appendix A. Zhou et al., Learning Deep Features for
    Discriminative Localization, CVPR 2016, equation 2.

    Examples
    --------
    >>> UGATIT(blocks=2).receptive_field
    89
    """

    name: ClassVar[str] = "ugatit"

    channels_in: Annotated[int, Range(1, 64)] = 3
    channels_out: Annotated[int, Range(1, 64)] = 3
    width: Annotated[int, Range(1, 512)] = 64
    blocks: Annotated[int, Range(0, 32)] = 4
    light: bool = True
    size: Annotated[int, Range(16, 1024, "px", step=4)] = 256
    residual: bool = False

    @property
    def multiple(self) -> int:
        """Height and width are padded to a multiple of this inside the network."""
        return 4

    def _layers(self) -> list[Window | Spread]:
        ends, block = [Window(7, 1, 3)], [Window(3, 1, 1)] * 4
        up: list[Window | Spread] = [Spread(2, 2), Window(3, 1, 1)]
        return [*ends, *[Window(3, 2, 1)] * 2, *block * self.blocks, *up * 2, *ends]
