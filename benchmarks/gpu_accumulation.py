"""A batch for two cards on one: 16 pictures in one piece, or accumulated from 2 x 8 and 4 x 4, in time, memory and losses."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import torch

from diptych.networks import Mobile, PatchGAN, UNet
from diptych.training import CycleGANConfig
from diptych.training.distributed import launch
from diptych.training.objectives.cyclegan import CycleGANObjective
from gpu_part import Part, peak_mib, synchronise

WHOLE = 16
PIECES = (1, 2, 4)


def run(part: Part) -> None:
    """Measure the same batch in one, two and four pieces."""
    torch.backends.cudnn.benchmark = part.device == "cuda"
    forward, side = (Mobile(width=4, depth=1, blocks=0), 16) if part.toy else (UNet(), 256)
    judge = PatchGAN(width=4, depth=1) if part.toy else PatchGAN()
    config = CycleGANConfig(forward=forward, discriminator=judge, crop=side, pool=0, device=part.device)  # type: ignore[arg-type]
    draw = torch.Generator().manual_seed(0)
    whole = [torch.rand((WHOLE, 3, side, side), generator=draw).to(part.device) for _ in range(2)]
    for precision in ("float32", "bfloat16"):
        first: dict[str, float] = {}
        for pieces in PIECES:
            settled = replace(config, batch=WHOLE // pieces, accumulate=pieces, precision=precision)
            objective = CycleGANObjective(settled, launch(settled))
            batches = list(zip(*(one.chunk(pieces) for one in whole), strict=True))
            peak_mib(part.device, restart=True)
            losses = {name: float(loss) for name, loss in objective.train_step(batches, step=0).items()}
            first = first or losses
            times = []
            for step in range(1, 4 if part.toy else 16):
                synchronise(part.device)
                began = time.perf_counter()
                objective.train_step(batches, step=step)
                synchronise(part.device)
                times.append(time.perf_counter() - began)
            part.add(
                network=forward.name,
                precision=precision,
                batch=f"{pieces} x {WHOLE // pieces}",
                ms_a_step=round(1000 * statistics.median(times), 1),
                peak_mib=peak_mib(part.device),
                largest_difference_of_first_losses=f"{max(abs(losses[name] - first[name]) for name in first):.1e}",
            )
            del objective
    part.note(
        "the difference is to the batch in one piece, of losses of about 1; it is rounding (TF32 where float32 is)"
    )
