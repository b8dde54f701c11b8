"""The training loop against a straightforward PyTorch loop on a GPU: seconds a step, in turns, with batches on the card.

Both have cuDNN look for its fastest convolutions, and its usual TF32 in float32. Diptych's step also keeps averages of the
weights and a pool of outputs, which the straightforward one does not.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from diptych.networks import GeneratorConfig, Mobile, PatchGAN, ResNet, UNet
from diptych.training import CycleGANConfig
from diptych.training.distributed import launch
from diptych.training.objectives.cyclegan import CycleGANObjective
from gpu_part import Part, peak_mib, synchronise
from training_speed import Straightforward

Step = Callable[[int], object]
BASE = "straightforward float32"

NETWORKS: dict[str, GeneratorConfig] = {"mobile": Mobile(), "unet": UNet(), "resnet": ResNet()}
TOYS: dict[str, GeneratorConfig] = {"mobile": Mobile(width=4, depth=1, blocks=0)}
KINDS: dict[str, dict[str, Any]] = {
    "float32": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
    "float16": {"precision": "float16"},
    "float32, channels-last": {"precision": "float32", "channels_last": True},
    "bfloat16, channels-last": {"precision": "bfloat16", "channels_last": True},
    "float32, compile": {"precision": "float32", "compile": True},
    "bfloat16, compile": {"precision": "bfloat16", "compile": True},
    "bfloat16, channels-last, compile": {"precision": "bfloat16", "channels_last": True, "compile": True},
    "bfloat16, compile with CUDA graphs": {"precision": "bfloat16"},
}
USUAL, COMPILED = ("float32", "bfloat16"), ("float32, compile", "bfloat16, compile")
OTHERS = tuple(kind for kind in KINDS if kind not in (*USUAL, *COMPILED))
# Batch and kinds; every network in turn. What matters most comes first: cuDNN alone looks for up to half a minute for its
# fastest kernels for one kind and size.
TABLES = [(4, USUAL), (4, COMPILED), (16, USUAL), (1, USUAL), (4, OTHERS), (16, COMPILED)]
_BLOCK = 5  # steps between two looks at the clock
_ROUNDS, _SECONDS = 8, 3.0  # of a table, at most


def run(part: Part) -> None:
    """Measure every network and size, without and then with compilation, as far as the time goes."""
    torch.backends.cudnn.benchmark = part.device == "cuda"
    networks, side = (TOYS, 16) if part.toy else (NETWORKS, 256)
    for batch, kinds in [(4, (*USUAL, "float16", "float32, compile"))] if part.toy else TABLES:
        for name, network in networks.items():
            if part.left() < 15 and not part.toy:
                part.note(f"{name}, batch {batch}, {'; '.join(kinds)}: not measured, the time was up")
            else:
                measure(part, network, batch, side, kinds)


def measure(part: Part, network: GeneratorConfig, batch: int, side: int, kinds: Sequence[str]) -> None:
    """Add the rows of a network and a size of batch."""
    judge = PatchGAN(width=4, depth=1) if part.toy else PatchGAN()
    config = CycleGANConfig(forward=network, discriminator=judge, batch=batch, crop=side, device=part.device)  # type: ignore[arg-type]
    draw = torch.Generator().manual_seed(0)
    pair = tuple(torch.rand((batch, 3, side, side), generator=draw).to(part.device) for _ in range(2))
    steps: dict[str, Step] = {}
    first: dict[str, float] = {}
    memory: dict[str, int | None] = {}
    for label, make in candidates(config, pair, kinds).items():
        if label != BASE and part.left() < (40 if "compile" in label else 10) and not part.toy:
            part.note(f"{network.name}, batch {batch}: {label}: not measured, the time was up")
            continue
        began = time.perf_counter()
        try:
            step = make()
            peak_mib(part.device, restart=True)
            for number in range(3):
                step(number)
            synchronise(part.device)
        except Exception as error:  # one kind must not take the others with it
            part.note(f"{network.name}, batch {batch}: {label}: {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        steps[label], first[label] = step, time.perf_counter() - began
        memory[label] = peak_mib(part.device)
    usual = in_turns(steps, part)
    base = usual[BASE]
    for label, seconds in usual.items():
        part.add(
            network=network.name,
            batch=batch,
            loop=label,
            ms_a_step=round(1000 * seconds, 2),
            images_a_second=round(2 * batch / seconds, 1),
            times_straightforward_float32=round(base / seconds, 2),
            peak_mib=memory[label],
            seconds_before=round(first[label], 1),
        )
    del steps
    if part.device == "cuda":
        torch._dynamo.reset()
        torch.cuda.empty_cache()


def candidates(
    config: CycleGANConfig, pair: tuple[torch.Tensor, ...], kinds: Sequence[str]
) -> dict[str, Callable[[], Step]]:
    """Return what is measured, by name; each is built when it is called."""
    found: dict[str, Callable[[], Step]] = {BASE: lambda: straightforward(config, pair, torch.float32)}
    if "bfloat16" in kinds:
        found["straightforward bfloat16"] = lambda: straightforward(config, pair, torch.bfloat16)
    for kind in kinds:
        graphs = kind.endswith("CUDA graphs")
        found[f"diptych {kind}"] = lambda kind=kind, graphs=graphs: house(config, pair, KINDS[kind], graphs)
    return found


def straightforward(config: CycleGANConfig, pair: tuple[torch.Tensor, ...], kind: torch.dtype) -> Step:
    """Return a step of the straightforward loop."""
    loop = Straightforward(config, device=config.device, kind=kind)
    return lambda _: loop.train_step(*pair)


def house(config: CycleGANConfig, pair: tuple[torch.Tensor, ...], values: dict[str, Any], graphs: bool) -> Step:
    """Return a step of Diptych's loop with other settings."""
    settled = replace(config, **values)
    objective = CycleGANObjective(settled, launch(settled))
    layout = torch.channels_last if settled.channels_last else torch.contiguous_format
    placed = tuple(part.contiguous(memory_format=layout) for part in pair)
    if not graphs:
        return lambda step: objective.train_step([placed], step=step)
    networks: list[nn.Module] = list(objective.parts.networks.values())
    for network in networks:
        network.compile(mode="reduce-overhead", dynamic=False)

    def with_graphs(step: int) -> object:
        torch.compiler.cudagraph_mark_step_begin()
        return objective.train_step([placed], step=step)

    return with_graphs


def in_turns(steps: dict[str, Step], part: Part) -> dict[str, float]:
    """Return the median seconds of a step of each, measured in turns, some steps at a time."""
    times: dict[str, list[float]] = {label: [] for label in steps}
    began = time.perf_counter()
    for number in range(_ROUNDS):
        for label, step in steps.items():
            synchronise(part.device)
            start = time.perf_counter()
            for within in range(_BLOCK):
                step(3 + _BLOCK * number + within)
            synchronise(part.device)
            times[label].append((time.perf_counter() - start) / _BLOCK)
        if time.perf_counter() - began > _SECONDS or part.toy:
            break
    return {label: statistics.median(values) for label, values in times.items()}
