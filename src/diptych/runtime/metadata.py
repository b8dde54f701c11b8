"""What a bundle says of itself, stored as JSON under one key of the metadata of its ONNX file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from diptych.core.errors import BundleError, DiptychError, ParameterError, did_you_mean

FORMAT = 3
"""The newest version of the format that this Diptych reads. It writes 1, which older ones read, where it can."""

MAXIMUM_BYTES = 1 << 20
"""Metadata is words and numbers; a file with more of it is not a bundle."""

_DEEPEST = 32  # tables and lists in each other

Kind = Literal["network", "whole", "planner", "denoiser"]
Precision = Literal["float32", "float16", "int8"]

_SINCE = {"network": 1, "whole": 1, "planner": 2, "denoiser": 3}
"""The version of the format that a kind came with."""

_MOST_OUTPUTS = 64

_NUMBERS = {
    "channels_in": (1, 64),
    "channels_out": (1, 64),
    "multiple": (1, 4096),
    "receptive_field_radius": (0, 1 << 20),
}
NAMES_OF_0_1 = {"reach": "receptive_field_radius", "before": "preprocess", "after": "postprocess"}
"""What keys were called in the files of 0.1, which are of the format 1 too."""

_TEXTS = ("name", "summary", "preprocess", "postprocess", "licence")
_MAPPINGS = ("generator", "provenance", "scores")


@dataclass(frozen=True, kw_only=True)
class BundleMetadata:
    """Everything about a model that its graph does not say.

    Parameters
    ----------
    name, summary : str
        What to call it, and what it does in a line.
    kind : {"network", "whole", "planner", "denoiser"}
        What the graph takes and gives. ``network``: float32 ``(N, channels, H, W)`` in [0, 1], H and W multiples of
        `multiple`, and the same back. ``whole``: uint8 ``(H, W, channels)`` of any size, and the same back; every step is
        in the graph. ``planner``: float32 thumbnails ``(N, channels, S, S)`` in [0, 1], and float32 numbers ``(N, K)`` back,
        from which a recipe is made; needs `format` 2. ``denoiser``: float32 planes ``(N, channels, H, W)`` over the standard
        deviation of their noise and how it correlates ``(1, 4)``, and uint8 ``(N, H / 4 - 18, W / 4 - 18, 16 channels)`` back:
        the noise of blocks of 4 x 4 px, plane by plane and row by row, as 128 + 25 times so many standard deviations, without
        the nine blocks on each side; needs `format` 3.
    channels_in, channels_out : int
        Channels of the pictures, 1 to 64.
    multiple : int
        Height and width that the graph takes are multiples of this, 1 to 4096 px.
    receptive_field_radius : int
        Distance in px from an output value to the farthest input that it sees, the statistics of instance
        normalisation not counted.
    generator : mapping
        The network's config, as `diptych.networks.to_dict` gives it; empty if it is none of Diptych's.
    preprocess, postprocess : str
        The recipes, as TOML, that belong before and after the network; empty for none, and always in a ``whole`` graph.
    precision : {"float32", "float16", "int8"}
        In what the network computes; input and output stay as `kind` says.
    outputs : sequence of str
        For a ``planner``, the names of its K numbers, 1 to 64; otherwise empty.
    licence : str
        The terms of the weights.
    provenance, scores : mapping
        Where the weights come from (data, steps, seed, versions, date) and what was measured; plain values with names.
    format : int
        Version of the format, 1 to 3.

    Raises
    ------
    ParameterError
        If a field is of the wrong type or out of its bounds, or a recipe is not one.

    Examples
    --------
    >>> metadata = BundleMetadata(name="evening", channels_in=3, channels_out=3, multiple=4, receptive_field_radius=87)
    >>> BundleMetadata.from_json(metadata.to_json()) == metadata
    True
    """

    name: str
    summary: str = ""
    kind: Kind = "network"
    channels_in: int
    channels_out: int
    multiple: int
    receptive_field_radius: int
    generator: Mapping[str, Any] = field(default_factory=dict)
    preprocess: str = ""
    postprocess: str = ""
    precision: Precision = "float32"
    outputs: Sequence[str] = ()
    licence: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    format: int = 1

    def __post_init__(self) -> None:
        _check_format(self.format)
        for name in _TEXTS:
            _require(isinstance(getattr(self, name), str), name, getattr(self, name), "a text")
        _require(self.name != "", "name", self.name, "a name")
        for name, (low, high) in _NUMBERS.items():
            value = getattr(self, name)
            _require(type(value) is int and low <= value <= high, name, value, f"a whole number from {low} to {high}")
        _require(self.kind in get_args(Kind), "kind", self.kind, "network, whole, planner or denoiser")
        least = _SINCE[self.kind]
        _require(self.format >= least, "format", self.format, f"{least}, which the kind {self.kind} needs")
        _require(self.precision in get_args(Precision), "precision", self.precision, "float32, float16 or int8")
        for name in _MAPPINGS:
            _require(_is_plain_mapping(getattr(self, name)), name, "that", "a mapping of names to plain values")
        _check_outputs(self)
        object.__setattr__(self, "outputs", tuple(self.outputs))
        _check_recipes(self)

    def to_json(self) -> str:
        """Return the text that is stored in the file; keys in the order of the fields."""
        values = asdict(self)
        if not self.outputs:  # older versions of Diptych do not know them
            del values["outputs"]
        return json.dumps(values, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, *, source: str = "bundle") -> BundleMetadata:
        """Read the metadata from the text in a file; `source` names it in error messages.

        Raises
        ------
        BundleError
            If the text is not JSON, has unknown keys, lacks some, or comes from a newer Diptych.
        """
        values = _load(text, source)
        try:
            _check_format(values.get("format"))
            values = {NAMES_OF_0_1.get(key, key): value for key, value in values.items()}
            _check_keys(values)
            return cls(**values)
        except DiptychError as error:
            raise BundleError(f"{source}: {error}") from None


def _load(text: str, source: str) -> dict[str, Any]:
    if len(text) > MAXIMUM_BYTES:
        raise BundleError(f"{source}: more than {MAXIMUM_BYTES} bytes of metadata; this is not a bundle of Diptych")
    try:
        values = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BundleError(f"{source}: its metadata is damaged (not JSON); export the model again") from None
    if not isinstance(values, dict) or not _is_shallow(values):
        raise BundleError(f"{source}: its metadata is damaged (not a table, or too deep); export the model again")
    return values


def _is_shallow(values: Any) -> bool:
    level = [values]
    for _ in range(_DEEPEST):
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [one for group in inner for one in group]
    return not level


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _check_format(version: object) -> None:
    if type(version) is not int or version < 1:
        raise ParameterError(f"format = {version!r} is not a version of the bundle format; this Diptych reads {FORMAT}")
    if version > FORMAT:
        raise ParameterError(f"made by a newer Diptych (format {version}, this one reads {FORMAT}); upgrade Diptych")


def _check_keys(values: Mapping[str, Any]) -> None:
    known = [one.name for one in fields(BundleMetadata)]
    for key in values:
        if key not in known:
            raise ParameterError(f"unknown key '{key[:80]}'{did_you_mean(key[:80], known)}")
    missing = [name for name in ("name", *_NUMBERS) if name not in values]
    if missing:
        raise ParameterError(f"lacks {', '.join(missing)}; export the model again")


def _require(fits: bool, name: str, value: object, wanted: str) -> None:
    if not fits:
        raise ParameterError(f"{name} = {str(value)[:80]!r} is not allowed; give {wanted}")


def _is_plain_mapping(value: object) -> bool:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        return False
    try:
        json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _check_outputs(metadata: BundleMetadata) -> None:
    names, wanted = metadata.outputs, f"1 to {_MOST_OUTPUTS} different words for a planner, otherwise none"
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) and name.isidentifier() for name in names)
    _require(is_list and len(set(names)) == len(names) <= _MOST_OUTPUTS, "outputs", names, wanted)
    _require(bool(names) == (metadata.kind == "planner"), "outputs", names, wanted)


def _check_recipes(metadata: BundleMetadata) -> None:
    given = {name: getattr(metadata, name) for name in ("preprocess", "postprocess") if getattr(metadata, name)}
    if given and metadata.kind == "whole":
        raise ParameterError(f"{' and '.join(given)}: a graph of the kind whole has its steps inside; leave it empty")
    for name, text in given.items():
        from diptych.recipes import Recipe

        Recipe.from_toml(text, source=name)


def check_generator(metadata: BundleMetadata) -> None:
    """Refuse a config that is no generator's, or of other channels, before it is written; a graph runs without one."""
    if not metadata.generator:
        return
    from diptych import networks

    config = networks.from_dict(metadata.generator)
    if not isinstance(config, networks.GeneratorConfig):
        raise ParameterError(f"generator: '{config.name}' is no generator")
    channels = config.graph_channels
    if channels != (metadata.channels_in, metadata.channels_out):
        raise ParameterError(
            f"generator has {channels[0]} channels in and {channels[1]} out, "
            f"the metadata says {metadata.channels_in} and {metadata.channels_out}; export the model again"
        )
