"""Type stub, made by docs/make_api.py."""

from collections.abc import Sequence
from typing import Literal

from diptych.core.image import Image
from diptych.core.noise import estimate_noise as estimate_noise
from diptych.core.operator import Declaration, OperatorFunction

__all__ = [
    "affine",
    "bilateral",
    "black_tophat",
    "clahe",
    "closing",
    "crop",
    "deblock",
    "declaration",
    "dehaze",
    "denoise_bilateral",
    "denoise_nlm",
    "denoise_photo",
    "denoise_tv",
    "denoise_wavelet",
    "develop",
    "dilation",
    "equalize",
    "erosion",
    "estimate_noise",
    "flatten_background",
    "flip",
    "gamma",
    "gaussian",
    "get",
    "guided",
    "laplacian",
    "levels",
    "lime",
    "log_tone",
    "match_histogram",
    "median",
    "morphological_gradient",
    "names",
    "opening",
    "register",
    "remove_specks",
    "retinex_msr",
    "retinex_msrcr",
    "retinex_ssr",
    "rotate",
    "sigmoid",
    "sobel",
    "specify_histogram",
    "stretch",
    "threshold",
    "uniform",
    "unsharp_mask",
    "white_balance",
    "white_tophat",
    "zoom",
]

def names() -> tuple[str, ...]: ...
def get(name: str) -> OperatorFunction: ...
def declaration(name: str) -> Declaration: ...
def affine(
    image: Image,
    /,
    matrix: Sequence[Sequence[float]] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    *,
    interpolation: Literal["nearest", "linear", "cubic"] = "linear",
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "constant",
) -> Image: ...
def bilateral(
    image: Image,
    /,
    sigma_space: float = 2.0,
    *,
    sigma_color: float = 0.1,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "mirror",
) -> Image: ...
def black_tophat(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def clahe(
    image: Image,
    /,
    tiles: int = 8,
    *,
    clip_limit: float = 2.0,
) -> Image: ...
def closing(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def crop(
    image: Image,
    /,
    top: int = 0,
    *,
    left: int = 0,
    height: int | None = None,
    width: int | None = None,
) -> Image: ...
def deblock(
    image: Image,
    /,
    luma: Sequence[Sequence[float]] | None = None,
    *,
    chroma: Sequence[Sequence[float]] | None = None,
    subsampling: int = 2,
    top: int = 0,
    left: int = 0,
    strength: float = 0.8,
) -> Image: ...
def dehaze(
    image: Image,
    /,
    patch: int = 15,
    *,
    omega: float = 0.95,
    t0: float = 0.1,
    radius: int = 60,
) -> Image: ...
def denoise_bilateral(
    image: Image,
    /,
    sigma_color: float | Literal["auto"] = 0.1,
    *,
    sigma_spatial: float = 2.0,
    size: int = 9,
) -> Image: ...
def denoise_nlm(
    image: Image,
    /,
    strength: float | Literal["auto"] = 0.05,
    *,
    patch: int = 5,
    search: int = 13,
) -> Image: ...
def denoise_photo(
    image: Image,
    /,
    luma: float | Literal["auto"] = 0.01,
    *,
    chroma: float | Literal["auto"] = 0.01,
    coarse: float | Literal["auto"] = 0.5,
    strength: float = 0.75,
    patch: int = 5,
    search: int = 5,
    scales: int = 3,
) -> Image: ...
def denoise_tv(
    image: Image,
    /,
    weight: float | Literal["auto"] = 0.1,
    *,
    iterations: int = 50,
) -> Image: ...
def denoise_wavelet(
    image: Image,
    /,
    sigma: float | Literal["auto"] = 0.0,
    *,
    wavelet: Literal["haar", "db2", "db4", "sym4", "sym8"] = "db2",
    method: Literal["bayes", "visu"] = "bayes",
    mode: Literal["soft", "hard"] = "soft",
    ycbcr: bool = True,
) -> Image: ...
def develop(
    image: Image,
    /,
    exposure: float = 0.0,
    *,
    gamma: float = 1.0,
    shadows: float = 0.0,
    local: float = 0.0,
    toe: float = 0.0,
    protect: float = 0.0,
    follow: float = 1.0,
    saturation: float = 1.0,
    warmth: float = 0.0,
    tint: float = 0.0,
    color_floor: float = 0.0,
) -> Image: ...
def dilation(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def equalize(
    image: Image,
    /,
    channels: Literal["together", "each"] = "together",
) -> Image: ...
def erosion(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def flatten_background(
    image: Image,
    /,
    sigma: float = 50.0,
    *,
    mode: Literal["divide", "subtract"] = "divide",
) -> Image: ...
def flip(
    image: Image,
    /,
    direction: Literal["horizontal", "vertical", "both"] = "horizontal",
) -> Image: ...
def gamma(
    image: Image,
    /,
    gamma: float = 1.0,
) -> Image: ...
def gaussian(
    image: Image,
    /,
    sigma: float | Literal["auto"] = 1.0,
    *,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "reflect",
) -> Image: ...
def guided(
    image: Image,
    /,
    radius: int = 4,
    *,
    epsilon: float = 0.01,
    guide: Image | None = None,
) -> Image: ...
def laplacian(
    image: Image,
    /,
    output: Literal["magnitude", "signed"] = "magnitude",
    *,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "reflect",
) -> Image: ...
def levels(
    image: Image,
    /,
    black: float = 0.0,
    *,
    white: float = 1.0,
    gamma: float = 1.0,
) -> Image: ...
def lime(
    image: Image,
    /,
    gamma: float = 0.8,
    *,
    smoothness: float = 0.15,
) -> Image: ...
def log_tone(
    image: Image,
    /,
    gain: float = 10.0,
) -> Image: ...
def match_histogram(
    image: Image,
    /,
    reference: Image | None = None,
    *,
    quantiles: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def median(
    image: Image,
    /,
    size: int | Literal["auto"] = 3,
    *,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "reflect",
) -> Image: ...
def morphological_gradient(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def opening(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def register(
    image: Image,
    /,
    reference: Image | None = None,
    *,
    thumbnail: Sequence[Sequence[float]] | None = None,
    model: Literal["translation", "euclidean", "affine"] = "translation",
    interpolation: Literal["nearest", "linear", "cubic"] = "linear",
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "constant",
) -> Image: ...
def remove_specks(
    image: Image,
    /,
    area: int = 16,
    *,
    kind: Literal["bright", "dark"] = "bright",
    diagonal: bool = False,
) -> Image: ...
def retinex_msr(
    image: Image,
    /,
    small: float = 15.0,
    *,
    medium: float = 80.0,
    large: float = 250.0,
    clip: float = 1.0,
) -> Image: ...
def retinex_msrcr(
    image: Image,
    /,
    small: float = 15.0,
    *,
    medium: float = 80.0,
    large: float = 250.0,
    alpha: float = 125.0,
    clip: float = 1.0,
) -> Image: ...
def retinex_ssr(
    image: Image,
    /,
    sigma: float = 80.0,
    *,
    clip: float = 1.0,
) -> Image: ...
def rotate(
    image: Image,
    /,
    angle: float = 0.0,
    *,
    interpolation: Literal["nearest", "linear", "cubic"] = "linear",
    reshape: bool = False,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "constant",
) -> Image: ...
def sigmoid(
    image: Image,
    /,
    gain: float = 5.0,
    *,
    cutoff: float = 0.5,
) -> Image: ...
def sobel(
    image: Image,
    /,
    output: Literal["magnitude", "horizontal", "vertical"] = "magnitude",
    *,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "reflect",
) -> Image: ...
def specify_histogram(
    image: Image,
    /,
    quantiles: Sequence[Sequence[float]] = ...,
    *,
    amount: float = 1.0,
) -> Image: ...
def stretch(
    image: Image,
    /,
    low: float = 1.0,
    *,
    high: float = 99.0,
    channels: Literal["together", "each"] = "together",
) -> Image: ...
def threshold(
    image: Image,
    /,
    method: Literal["otsu", "local", "value"] = "otsu",
    *,
    value: float = 0.5,
    size: int = 51,
    window: Literal["mean", "gaussian"] = "mean",
    offset: float = 0.0,
) -> Image: ...
def uniform(
    image: Image,
    /,
    size: int = 3,
    *,
    border: Literal["reflect", "nearest", "mirror", "constant", "wrap"] = "reflect",
) -> Image: ...
def unsharp_mask(
    image: Image,
    /,
    sigma: float = 1.5,
    *,
    amount: float = 0.6,
) -> Image: ...
def white_balance(
    image: Image,
    /,
    amount: float = 1.0,
    *,
    norm: float = 6.0,
) -> Image: ...
def white_tophat(
    image: Image,
    /,
    shape: Literal["square", "disk", "cross"] = "square",
    *,
    size: int = 3,
    element: Sequence[Sequence[float]] | None = None,
) -> Image: ...
def zoom(
    image: Image,
    /,
    factor: float = 1.0,
    *,
    height: int | None = None,
    width: int | None = None,
    interpolation: Literal["nearest", "linear", "cubic", "area"] = "linear",
) -> Image: ...
