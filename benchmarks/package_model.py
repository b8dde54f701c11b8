"""Export a trained planner as the model in the package, with what a reader of its card wants to know.

    python benchmarks/package_model.py RUN MODEL.onnx

RUN is the folder of a finished training as `low_light.toml` describes it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from diptych.export.halves import halved
from diptych.export.planner import planner_bundle
from diptych.runtime import save_bundle
from diptych.training.generator_file import load_generator

SUMMARY = "Writes the numbers of develop for pictures that got too little light."
CARD = {
    "data": "481 photographs of benchmarks/sets/training.txt (free use, Unsplash, CC0), at most 448 px; no picture of a "
    "low-light set",
    "chosen_by": "40 pairs of LOL that no training saw (lol/dev)",
}
SETTINGS = ("steps", "batch", "seed", "degradation")


def main(run: str, out: str) -> None:
    generator = load_generator(Path(run, "best.safetensors"))
    settings = generator.provenance["settings"]
    card = {**CARD, **{name: settings[name] for name in SETTINGS}}
    bundle = planner_bundle(halved(replace(generator, provenance=card, name="low_light")))
    Path(out).unlink(missing_ok=True)
    save_bundle(out, bundle.model, replace(bundle.metadata, summary=SUMMARY, licence="Apache-2.0"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
