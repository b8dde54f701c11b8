"""What the configs of all objectives share: a frozen value, saved as TOML in the run directory. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from diptych.core.errors import DiptychError, ParameterError, did_you_mean
from diptych.core.parameters import Parameter, Range, read_parameters
from diptych.core.toml import MOST_CHARACTERS, parse_toml
from diptych.networks import Degradation, GeneratorConfig, Mobile, NetworkConfig, from_dict, to_dict

Side = Literal["source", "target"]

Preprocess = Literal["auto", "none", "stretch", "specify", "xray", "underwater", "haze", "scan", "document"]
"""What the score chooses; nothing; percentile normalisation (1-99) of both domains; histogram specification of the source to
the target; the recipe for a kind of pictures, of the source."""

OF_KINDS = ("xray", "underwater", "haze", "scan", "document")
"""Those of `Preprocess` that are the recipe of this name."""

Weight = Annotated[float, Range(0, 1000)]

_NETWORKS = ("forward", "backward", "discriminator", "degradation")
_TABLES = (*_NETWORKS, "weights")
_FOLDERS = {"source": "A, the pictures to improve", "target": "B, pictures as they should look"}

C = TypeVar("C", bound="TrainConfig")


@dataclass(frozen=True, kw_only=True)
class LossWeights:
    """Base of the weights of an objective's losses; 0 leaves a loss out."""

    def __post_init__(self) -> None:
        for parameter in read_parameters(type(self)):
            value = parameter.check(getattr(self, parameter.name), "training: weights")
            object.__setattr__(self, parameter.name, value)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Base of the configs: what decides a training besides the pictures, whatever its objective.

    Parameters
    ----------
    forward : GeneratorConfig
        The generator that is trained, from source to target.
    steps : int
        Updates of the generator; `lr_decay_fraction` is the share of them, at the end, over which the learning rate falls.
    batch, accumulate : int
        Pictures of each domain at a time, and how many such batches make one update.
    crop : int
        Side in px of the squares that are cut out of the pictures, at full resolution.
    flips : bool
        Mirror every other crop.
    crops_per_picture : int
        Crops taken from a picture in a row; more than 1 helps where decoding is slow and the cache too small.
    preprocess : {"auto", "none", "stretch", "specify", "xray", "underwater", "haze", "scan", "document"}
        Classical steps before the network; saved with it and replayed at inference. `auto` (for painters, of two folders) is
        what the score chooses; `specify` needs two folders, too; the last five are the recipes of these names.
    cache : int
        MiB of decoded pictures kept in memory, both domains together.
    workers : int
        Threads that decode and cut ahead of the training; 0 does it in between.
    holdout : float
        Share of either folder that is kept out of training, for validation.
    learning_rate : float
        Of Adam. `beta1`, `beta2` are its moments.
    ema_decay : float
        Decay of the exponential moving average of the generators' weights, which is what is validated and exported;
        0 for none. It begins lower: min(ema_decay, (1 + step) / (10 + step)).
    precision : {"auto", "float32", "bfloat16", "float16"}
        auto is bfloat16 on a CPU that computes with it, otherwise float32; on a GPU bfloat16 takes half the memory.
    device : {"auto", "cpu", "cuda", "mps"}
        auto is the GPU if there is one.
    channels_last, compile : bool
        Memory layout NHWC, and torch.compile. On the GPU that it was measured on, NHWC alone made `mobile` slower;
        compile has not been measured on one. A planner is not compiled.
    eval_every : int
        Steps between two validations, each with a checkpoint.
    patience : int
        Validations without improvement after which training stops.
    choose : {"score", "last"}
        Which generator the run ends with: the one with the best validation score, or the last one.
    keep_checkpoints : int
        Checkpoints that are kept besides the best generator.
    seed : int
        Decides everything that is drawn.

    Raises
    ------
    ParameterError
        If a field is out of its bounds or two do not fit together.
    """

    objective: ClassVar[str]
    folders: ClassVar[tuple[Side, ...]]
    """The folders that the objective learns from."""
    paints: ClassVar[bool] = False
    """Whether pictures of one folder are painted as those of another, on top of a classical first result."""

    forward: GeneratorConfig = field(default_factory=Mobile)

    steps: Annotated[int, Range(1, 100_000_000)] = 20_000
    lr_decay_fraction: Annotated[float, Range(0, 1)] = 0.5
    batch: Annotated[int, Range(1, 4096)] = 4
    accumulate: Annotated[int, Range(1, 4096)] = 1
    crop: Annotated[int, Range(8, 4096, "px")] = 128
    flips: bool = True
    crops_per_picture: Annotated[int, Range(1, 1000)] = 1
    preprocess: Preprocess = "stretch"
    cache: Annotated[int, Range(0, 1_000_000, "MiB")] = 512
    workers: Annotated[int, Range(0, 64)] = 2
    holdout: Annotated[float, Range(0, 0.5)] = 0.1

    learning_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    beta1: Annotated[float, Range(0, 0.999)] = 0.5
    beta2: Annotated[float, Range(0, 0.9999)] = 0.999
    ema_decay: Annotated[float, Range(0, 0.99999)] = 0.999

    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    channels_last: bool = False
    compile: bool = False
    eval_every: Annotated[int, Range(1, 1_000_000)] = 500
    patience: Annotated[int, Range(1, 100_000)] = 10
    choose: Literal["score", "last"] = "score"
    keep_checkpoints: Annotated[int, Range(1, 1000)] = 2
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0

    def __post_init__(self) -> None:
        for parameter in self.settings():
            value = parameter.check(getattr(self, parameter.name), "training")
            object.__setattr__(self, parameter.name, value)
        if not isinstance(self.forward, GeneratorConfig) or isinstance(self.forward, Degradation):
            raise ParameterError("training: forward is not the config of a generator; give e.g. forward.name=mobile")
        if self.preprocess == "specify" and len(self.folders) == 1:
            raise ParameterError(
                f"training: preprocess = specify needs two folders, objective = {self.objective} has one; give stretch or none"
            )
        if self.preprocess == "auto" and not self.paints:
            raise ParameterError(
                f"training: preprocess = auto is for painters of two folders, not for objective = {self.objective}; give none"
            )
        if len(self.folders) == 1 and self.forward.channels_in != self.forward.channels_out:
            raise ParameterError(
                f"training: objective = {self.objective} needs as many channels out as in; make forward's equal"
            )

    @classmethod
    def settings(cls) -> tuple[Parameter, ...]:
        """Return the plain settings (all fields but the tables) with kinds and bounds, as operators declare theirs."""
        return read_parameters(cls, skip=_TABLES)

    def check_folders(self, *, source: bool, target: bool) -> None:
        """Raise `ParameterError` if a folder that the objective learns from is missing, or another one is given."""
        given: dict[Side, bool] = {"source": source, "target": target}
        for side in self.folders:
            if not given[side]:
                raise ParameterError(f"objective = {self.objective} learns from folder {_FOLDERS[side]}; give it")
        for side, is_given in given.items():
            if is_given and side not in self.folders:
                raise ParameterError(
                    f"objective = {self.objective} learns from one folder alone; leave out folder {_FOLDERS[side]}"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the objective, the settings, then networks and weights as tables."""
        present = {item.name: getattr(self, item.name) for item in fields(self)}
        plain = {name: value for name, value in present.items() if name not in _TABLES}
        weights = {"weights": vars(present["weights"]).copy()} if "weights" in present else {}
        networks = {name: to_dict(present[name]) for name in _NETWORKS if name in present}
        return {"objective": self.objective, **plain, **weights, **networks}

    def to_toml(self) -> str:
        """Return the text of the config's file."""
        import tomli_w

        return tomli_w.dumps({"format": 1, **self.to_dict()})

    def updated(self: C, values: Mapping[str, Any], *, source: str = "training") -> C:
        """Return the config with other values; the missing fields of a table stay as they are.

        A network of another name begins with its own fields, but keeps the channels.

        Raises
        ------
        ParameterError
            If a name is unknown (the closest is named), a value out of bounds, or the objective another one.
        """
        wanted = values.get("objective", self.objective)
        if wanted != self.objective:
            raise ParameterError(
                f"{source}: objective = {wanted}, but the settings are for {self.objective}; begin with a preset of {wanted}"
            )
        known = [item.name for item in fields(self)]
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name == "objective":
                continue
            if name not in known:
                raise ParameterError(f"{source}: no setting named '{name}'{self._hint(name, known)}")
            present = getattr(self, name)
            if name in _NETWORKS:
                changes[name] = _network(present, value, f"{source}: {name}")
            elif name == "weights":
                changes[name] = _weights(present, value, f"{source}: weights")
            else:
                changes[name] = value
        if "forward" in changes and "backward" in known:
            changes.setdefault("backward", None)  # it follows the new one
        return replace(self, **changes)

    def _hint(self, name: str, known: list[str]) -> str:
        weights = getattr(self, "weights", None)
        if weights is not None and name in vars(weights):
            return f"; did you mean 'weights.{name}'?"
        return did_you_mean(name, known)


def matching_channels(degradation: Degradation, generator: GeneratorConfig) -> Degradation:
    """Return the degradation for the pictures that a generator makes."""
    channels = generator.channels_out
    return replace(degradation, channels_in=channels, channels_out=channels)


def read_toml(text: str, *, source: str) -> dict[str, Any]:
    """Return the values of a config file. Raises `ParameterError` naming it."""
    try:
        values = parse_toml(text)
    except ValueError as error:
        raise ParameterError(f"{source}: {error}") from None
    version = values.pop("format", 1)
    if version != 1:
        raise ParameterError(f"{source}: format {version!r} is not one this Diptych reads (1); upgrade Diptych")
    return values


def read_file(path: str | Path) -> dict[str, Any]:
    """Return the values of a config file on disk. Raises `ParameterError` naming it."""
    try:
        with open(path, encoding="utf-8") as file:
            return read_toml(file.read(MOST_CHARACTERS + 1), source=str(path))
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, FileNotFoundError):
            raise ParameterError(f"{path}: no such file; check the path") from None
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ParameterError(f"{path}: cannot be read ({reason}); give a TOML file of settings") from None


def _network(present: NetworkConfig, value: Any, source: str) -> NetworkConfig | None:
    if value is None or isinstance(value, NetworkConfig):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(f"{source} = {value!r} is not a table; write e.g. name = 'mobile'")
    same = value.get("name", present.name) == present.name
    try:
        found = from_dict((to_dict(present) if same else {}) | dict(value))
        return found if same else _as_many_channels(found, present, given=value)
    except DiptychError as error:
        raise ParameterError(f"{source}: {error}") from None


def _as_many_channels(found: NetworkConfig, present: NetworkConfig, *, given: Mapping[str, Any]) -> NetworkConfig:
    """Return the config of another generator with the channels of the one that it takes the place of, if none are given.

    One that paints what is added to its input takes the place of one that does.
    """
    if not (isinstance(found, GeneratorConfig) and isinstance(present, GeneratorConfig)):
        return found
    coming, going = (given.get(name, getattr(present, name)) for name in ("channels_in", "channels_out"))
    residual = given.get("residual", found.residual or present.residual)
    return replace(found, channels_in=coming, channels_out=going, residual=residual and coming == going)


def _weights(present: LossWeights, value: Any, source: str) -> LossWeights:
    if isinstance(value, LossWeights):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(f"{source} = {value!r} is not a table; write e.g. weights.cycle = 5")
    known = list(vars(present))
    for name in value:
        if name not in known:
            raise ParameterError(f"{source}: no loss named '{name}'{did_you_mean(str(name), known)}")
    return replace(present, **value)
