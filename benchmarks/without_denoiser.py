"""Take the denoiser off a trained rendering: non-local means of the measured noise did better in the package's model.

python benchmarks/without_denoiser.py RUN OUT.safetensors
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from diptych.networks import Render, build
from diptych.training.generator_file import load_generator, save_generator


def main(run: str, out: str) -> None:
    generator = load_generator(run)
    assert isinstance(generator.config, Render)
    config = replace(generator.config, denoiser="none")
    module = build(config)
    weights = generator.module.state_dict()
    module.load_state_dict({name: value for name, value in weights.items() if not name.startswith("denoiser.")})
    plain = replace(generator, config=config, module=module.eval().requires_grad_(False), name="low_light")
    save_generator(Path(out), plain)


if __name__ == "__main__":
    main(*sys.argv[1:3])
