"""What a training run is: a frozen value, saved as TOML in its run directory. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Literal

from diptych.core.errors import ParameterError, did_you_mean
from diptych.core.parameters import Parameter, Range, read_parameters
from diptych.networks import Degradation, GeneratorConfig, Mobile, NetworkConfig, PatchGAN, Render, from_dict, to_dict
from diptych.training.settings.files import read_file, read_toml
from diptych.training.settings.rendering import RenderingSettings
from diptych.training.settings.self_supervised import SelfSupervisedSettings, Task

__all__ = ["CycleGANConfig", "Objective", "Preprocess", "Task", "read_file", "read_toml", "settings"]

NETWORKS = ("forward", "backward", "discriminator")

Objective = Literal["unpaired", "self", "refine"]
"""Learn from two folders without pairs; from pictures to improve alone; from good pictures alone."""

Preprocess = Literal["none", "stretch", "specify"]
"""Nothing; percentile normalisation (1-99) of both domains; histogram specification of the source to the target."""

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@dataclass(frozen=True, kw_only=True)
class CycleGANConfig(RenderingSettings, SelfSupervisedSettings):
    """Everything that decides a training but the pictures: a CycleGAN's, or one of a single folder.

    The settings of single ways of training are in `RenderingSettings` and `SelfSupervisedSettings`.

    Parameters
    ----------
    objective : {"unpaired", "self", "refine"}
        What there is to learn from: two folders without pairs; a folder of pictures to improve; a folder of good pictures.
        With one folder, only `forward` is trained: discriminators, the way back and their losses have no part.
    forward, backward : GeneratorConfig
        Generators from source to target and back; `backward` None is the same network as `forward`, the channels turned round.
        If it is a `Degradation`, `forward` is a `Render` and learns from what the camera makes of the target (see
        `diptych.training.render_game`); `cycle`, `frequency`, `structure` and the like then have no part.
    discriminator : PatchGAN or CAMPatchGAN
        Config of both discriminators (their channels follow those of the generators).
    steps : int
        Updates of the generators; `decay` is the share of them, at the end, over which the learning rate falls to 0.
    batch, accumulate : int
        Pictures of each domain at a time, and how many such batches make one update.
    crop : int
        Side in px of the squares that are cut out of the pictures, at full resolution.
    flips : bool
        Mirror every other crop.
    crops_per_picture : int
        Crops taken from a picture in a row; more than 1 helps where decoding is slow and the cache too small.
    preprocess : {"none", "stretch", "specify"}
        Classical step before the network; saved with it and replayed at inference.
    denoise : float
        Non-local means before that step, if the source is noisier than the target: times the measured noise; 0 for none.
    cache : int
        MiB of decoded pictures kept in memory, both domains together.
    workers : int
        Threads that decode and cut ahead of the training; 0 does it in between.
    holdout : float
        Share of either folder that is kept out of training, for the monitor.
    adversarial, cycle, identity, attention, frequency, gradient_penalty, structure, total_variation : float
        Weights of the losses; 0 leaves one out. See `diptych.training.losses`. `identity` needs equal channels.
    cycle_source : float
        Factor of the cycle that begins and ends in the source. A generator that takes noise away cannot give it back, and
        where it must, it hides it in its output: lower it for a noisy source.
    warm_up : float
        Share of the steps over which the weights of `cycle` and `identity` rise from 0. Where a residual generator begins as
        the identity, both of these losses are 0, and with an absolute value's constant slope they hold it there.
    adversarial_kind, gradient_penalty_kind, frequency_kind : str
        Which form of the loss.
    learning_rate, discriminator_rate : float
        Of Adam. `beta1`, `beta2` are its moments. The camera, which `adversarial` moves, has the discriminator's.
    pool : int
        Earlier outputs that the discriminators are also shown; 0 for none.
    average : float
        Decay of the exponential moving average of the generators' weights, which is what is monitored and exported;
        0 for none. It begins lower: min(average, (1 + step) / (10 + step)).
    precision : {"auto", "float32", "bfloat16", "float16"}
        auto is bfloat16 where the processor computes with it, otherwise float32.
    device : {"auto", "cpu", "cuda", "mps"}
        auto is the GPU if there is one.
    channels_last, compile : bool
        Memory layout NHWC, and torch.compile; they pay on a GPU.
    every : int
        Steps between two validations, each with a checkpoint.
    patience : int
        Validations without improvement after which training stops.
    choose : {"score", "last"}
        Which generator the run ends with: the one with the best score of the monitor, or the last one.
    keep : int
        Checkpoints that are kept besides the best generator.
    seed : int
        Decides everything that is drawn.

    Raises
    ------
    ParameterError
        If a field is out of its bounds or two do not fit together.

    References
    ----------
    Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017, sections 3, 4
    and 7.1.

    Examples
    --------
    >>> config = CycleGANConfig(steps=1000, seed=7)
    >>> CycleGANConfig.from_toml(config.to_toml()) == config
    True
    """

    objective: Objective = "unpaired"
    forward: GeneratorConfig = field(default_factory=Mobile)
    backward: GeneratorConfig | None = None
    discriminator: NetworkConfig = field(default_factory=PatchGAN)

    steps: Annotated[int, Range(1, 100_000_000)] = 20_000
    decay: Annotated[float, Range(0, 1)] = 0.5
    batch: Annotated[int, Range(1, 4096)] = 4
    accumulate: Annotated[int, Range(1, 4096)] = 1
    crop: Annotated[int, Range(8, 4096, "px")] = 128
    flips: bool = True
    crops_per_picture: Annotated[int, Range(1, 1000)] = 1
    preprocess: Preprocess = "stretch"
    denoise: Annotated[float, Range(0, 3)] = 1.0
    cache: Annotated[int, Range(0, 1_000_000, "MiB")] = 512
    workers: Annotated[int, Range(0, 64)] = 2
    holdout: Annotated[float, Range(0, 0.5)] = 0.1

    adversarial: Annotated[float, Range(0, 1000)] = 1.0
    cycle: Annotated[float, Range(0, 1000)] = 10.0
    cycle_source: Annotated[float, Range(0, 1)] = 1.0
    warm_up: Annotated[float, Range(0, 1)] = 0.0
    identity: Annotated[float, Range(0, 1000)] = 5.0
    attention: Annotated[float, Range(0, 10_000)] = 0.0
    frequency: Annotated[float, Range(0, 1000)] = 0.0
    gradient_penalty: Annotated[float, Range(0, 1000)] = 0.0
    structure: Annotated[float, Range(0, 1000)] = 0.0
    total_variation: Annotated[float, Range(0, 1000)] = 0.0
    adversarial_kind: Literal["least_squares", "hinge", "logistic"] = "least_squares"
    gradient_penalty_kind: Literal["r1", "wgan_gp"] = "r1"
    frequency_kind: Literal["focal", "amplitude"] = "focal"

    learning_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    discriminator_rate: Annotated[float, Range(1e-8, 1)] = 2e-4
    beta1: Annotated[float, Range(0, 0.999)] = 0.5
    beta2: Annotated[float, Range(0, 0.9999)] = 0.999
    pool: Annotated[int, Range(0, 10_000)] = 50
    average: Annotated[float, Range(0, 0.99999)] = 0.999

    precision: Precision = "auto"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    channels_last: bool = False
    compile: bool = False
    every: Annotated[int, Range(1, 1_000_000)] = 500
    patience: Annotated[int, Range(1, 100_000)] = 10
    choose: Literal["score", "last"] = "score"
    keep: Annotated[int, Range(1, 1000)] = 2
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0

    def __post_init__(self) -> None:
        for parameter in settings():
            value = parameter.check(getattr(self, parameter.name), "training")
            object.__setattr__(self, parameter.name, value)
        self._check_networks()
        if self.backward is None:
            there = self.forward
            turned = replace(there, channels_in=there.channels_out, channels_out=there.channels_in)
            object.__setattr__(self, "backward", turned)

    def _check_networks(self) -> None:
        for name in ("forward", "backward"):
            config = getattr(self, name)
            if not isinstance(config, GeneratorConfig) and (config is not None or name == "forward"):
                raise ParameterError(f"training: {name} is not the config of a generator; give e.g. {name}.name=mobile")
        if not (isinstance(self.discriminator, NetworkConfig) and self.discriminator.role == "discriminator"):
            raise ParameterError("training: discriminator is not the config of a discriminator; leave it out")
        if self.objective != "unpaired":
            self._check_one_folder()
        if isinstance(self.forward, Degradation) or (self.has_camera and not isinstance(self.forward, Render)):
            raise ParameterError(
                f"training: a camera is the way back of a rendering, but forward is a {self.forward.name}; give "
                f"forward.name = render, or a backward without a camera"
            )
        back, there = self.backward or self.forward, self.forward
        if self.backward and (back.channels_in, back.channels_out) != (there.channels_out, there.channels_in):
            raise ParameterError(
                "training: the channels of backward are not those of forward turned round; set them equal"
            )
        self._check_losses()

    def _check_losses(self) -> None:
        there, back = self.there_and_back
        if self.has_camera and self.gradient_penalty and self.gradient_penalty_kind != "r1":
            raise ParameterError(
                "training: with a camera there is the penalty r1 only; give gradient_penalty_kind = r1"
            )
        for name in ("identity", "attention"):
            if getattr(self, name) and there.channels_in != there.channels_out:
                raise ParameterError(f"training: {name} needs as many channels in as out; give {name} = 0")
        if self.attention and {there.name, back.name} != {"ugatit"}:
            raise ParameterError("training: attention is for generators that attend; give ugatit, or attention = 0")

    def _check_one_folder(self) -> None:
        if self.preprocess == "specify":
            raise ParameterError(
                f"training: preprocess = specify needs two folders, objective = {self.objective} has one; give stretch or none"
            )
        if self.forward.channels_in != self.forward.channels_out:
            raise ParameterError(
                f"training: objective = {self.objective} needs as many channels out as in; make forward's equal"
            )
        if self.game == "exposure" and isinstance(self.forward, Render) and self.forward.denoiser != "none":
            raise ParameterError(
                "training: task = exposure does not teach a denoiser, and denoises before the network; give "
                "forward.denoiser = none"
            )

    @property
    def game(self) -> str:
        """What is played, by its name in `diptych.training.objectives.GAMES`."""
        if self.objective == "self":
            return self.task
        return "render" if self.has_camera else self.objective

    @property
    def has_camera(self) -> bool:
        """Whether the way back is a camera, so that the forward generator learns from what it makes of the target."""
        return self.objective == "unpaired" and isinstance(self.backward, Degradation)

    @property
    def there_and_back(self) -> tuple[GeneratorConfig, GeneratorConfig]:
        """Both generators' configs."""
        return self.forward, self.backward or self.forward

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, networks as tables with their names."""
        return {
            item.name: to_dict(getattr(self, item.name)) if item.name in NETWORKS else getattr(self, item.name)
            for item in sorted(fields(self), key=lambda item: item.name in NETWORKS)
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "training") -> CycleGANConfig:
        """Make a config from plain values; what is not there takes its default, what is unknown is refused."""
        return cls().updated(values, source=source)

    def to_toml(self) -> str:
        """Return the text of the config's file."""
        import tomli_w

        return tomli_w.dumps({"format": 1, **self.to_dict()})

    @classmethod
    def from_toml(cls, text: str, *, source: str = "config") -> CycleGANConfig:
        """Read a config from the text of its file."""
        return cls.from_dict(read_toml(text, source=source), source=source)

    def updated(self, values: Mapping[str, Any], *, source: str = "training") -> CycleGANConfig:
        """Return the config with other values; a network is a table whose missing fields stay as they are.

        Raises
        ------
        ParameterError
            If a name is unknown (the closest is named) or a value out of bounds.
        """
        known = [item.name for item in fields(self)]
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise ParameterError(f"{source}: no setting named '{name}'{did_you_mean(name, known)}")
            changes[name] = _network(getattr(self, name), value, f"{source}: {name}") if name in NETWORKS else value
        if "forward" in changes and "backward" not in changes:
            changes["backward"] = self._way_back(changes["forward"])
        return replace(self, **changes)

    def _way_back(self, forward: GeneratorConfig) -> GeneratorConfig | None:
        if not isinstance(self.backward, Degradation):
            return None
        return replace(self.backward, channels_in=forward.channels_out, channels_out=forward.channels_in)


def settings() -> tuple[Parameter, ...]:
    """Return the settings (all fields but the networks) with kinds and bounds, as the operators' parameters have them."""
    return read_parameters(CycleGANConfig.__init__, skip=NETWORKS)


def _network(present: NetworkConfig | None, value: Any, source: str) -> NetworkConfig | None:
    if value is None or isinstance(value, NetworkConfig):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(f"{source} = {value!r} is not a table; write e.g. name = 'mobile'")
    same = present is not None and value.get("name", present.name) == present.name
    return from_dict((to_dict(present) if present is not None and same else {}) | dict(value))
