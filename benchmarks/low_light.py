"""What judges the default enhancer: fidelity to pairs, hues, good photographs kept, dark ones left dark, shadows opened, time.

    python benchmarks/low_light.py DATA [ENHANCER ...] --work FOLDER [--rows pairs,dark] [--json FILE] [--report]

DATA is the root under which the pictures of ``sets/*.txt`` lie (file names only; no picture is in the repository). An
enhancer is ``auto``, ``default`` (or ``default:fast``), ``low_light``, a recipe's TOML file, a model's ``.onnx`` file, or a
folder of another program's outputs: those of the enhancer ``input``, whose outputs are the inputs and lie in
``FOLDER/input-*``, under the same names. ``LABEL=`` may come before. What they make of the pictures is kept in
FOLDER until the code or the file changes, so that a further row costs only itself. Printed are Markdown tables; the JSON has
the same figures, and ``FOLDER/pictures.json`` those of each picture. Each row alone:

    python benchmarks/low_light.py DATA auto default --work out/judge --rows pairs
        LOL's development pairs: PSNR, SSIM (scikit-image, RGB in [0, 1], no rescaling), PSNR with the mean of the reference,
        means with 95 % bootstrap intervals; the mean CIELAB chroma against that of the references; the correlation of the mean
        lumas of outputs and references.
    ... --rows hue
        Per picture the 99th percentile of the CIELAB hue difference of input and output, over the pixels with a chroma above
        10 in both. Noise gives dark pixels hues of their own, which a denoiser takes away as it should, and a white balance
        turns all; so the input is first denoised and balanced as the enhancer's own plan says, if it has one (models of 0.1
        and folders have none). Figures of the noisy pairs, and a second one of free, are those of means over 4 x 4 pixels.
        The line ``denoised`` tells what the denoising of `auto` does alone. "More light alone" is the prepared input
        with all light multiplied by one number, to the mean luma of the output: near black, CIELAB turns hues then, too.
    ... --rows good
        Good photographs: PSNR to themselves, and the share that stays identical.
    ... --rows dark
        Dark on purpose: mean luma after / before, and how far the 0.5th percentile of luma moved, in levels of 255.
    ... --rows backlit
        The median luma of what was the darkest half, after / before, and how far the 95th percentile moved, in levels.
    ... --rows detail
        Good photographs with a tenth of the light and no noise: gradient energy of what comes back, over the original's.
    ... --rows speed
        12 megapixels against Pillow's decoding of the same JPEG, in one run, and the model's file (``photo_speed.py``).
    ... --rows niqe
        NIQE of dark pictures without references (only where it is named).
    ... --report
        The pairs that are for reporting only, and their references as good photographs. Not for choosing.

Hue, good and detail look at pictures reduced to 512 px; with ``--full`` at whole ones.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import diptych as dp
from diptych.core.image import Image
from diptych.metrics import niqe, psnr
from diptych.runtime import default_model
from diptych.runtime.default import DEFAULT, PACKAGED
from figures import Figures, Values, kept_figures, spread, to_markdown, with_interval
from photo_speed import speeds
from picture_sets import SIDE, Entry, Pictures, darkened
from tone_measures import against, averaged, backlit_scene, dark_scene, detail, hue_turn, lit

DARKENED = 40


@dataclass(frozen=True)
class Judge:
    """The pictures, and the size at which most are looked at."""

    pictures: Pictures
    side: int | None

    def pairs(self, entry: Entry, of: str) -> Values:
        return {
            name: against(result, self.pictures.read(name.replace("/low/", "/high/")))
            for name, _, result in self._outputs(entry, self.pictures.listed(of))
        }

    def hue(self, entry: Entry, names: list[str]) -> Values:
        found: Values = {}
        for name, before, after in self._outputs(entry, names, self.side):
            own = entry.prepared(before)
            turns = {"turn": hue_turn(own, after), "averaged": hue_turn(averaged(own), averaged(after))}
            turns["unprepared"] = hue_turn(before, after)
            if not np.array_equal(before, after):
                ideal = lit(own, after)
                turns["light"] = hue_turn(own, ideal)
                turns["averaged light"] = hue_turn(averaged(own), averaged(ideal))
            found[name] = {key: turn for key, turn in turns.items() if turn is not None}
        return found

    def kept(self, entry: Entry, names: list[str], side: int | None = None) -> Values:
        return {name: {"psnr": psnr(after, before)} for name, before, after in self._outputs(entry, names, side)}

    def scenes(self, entry: Entry, of: str, measure: Callable[[Image, Image], dict[str, float]]) -> Values:
        return {name: measure(before, after) for name, before, after in self._outputs(entry, self.pictures.listed(of))}

    def detail(self, entry: Entry) -> Values:
        names = [name for name in self.pictures.listed("good") if name.startswith("free/")]
        found: Values = {}
        for name in names[:: max(1, len(names) // DARKENED)][:DARKENED]:
            image = self.pictures.read(name, self.side)
            after = entry.output(f"darkened/{self._size(self.side)}/{name}", darkened(image))
            if after is not None:
                found[name] = {"detail": detail(after, image)}
        return found

    def niqe(self, entry: Entry) -> Values:
        outputs = self._outputs(entry, self.pictures.listed("niqe"))
        return {name: {"niqe": niqe(after)} for name, _, after in outputs}

    def _outputs(self, entry: Entry, names: list[str], side: int | None = None) -> Iterator[tuple[str, Image, Image]]:
        """Yield name, input and output of each picture that has an output."""
        for name in names:
            before = self.pictures.read(name, side)
            if before.ndim == 3 and (after := entry.output(f"{self._size(side)}/{name}", before)) is not None:
                yield name, before, after

    @staticmethod
    def _size(side: int | None) -> str:
        return "whole" if side is None else str(side)


def pairs_row(judge: Judge, entry: Entry, of: str = "pairs") -> tuple[Figures, Values]:
    values = judge.pairs(entry, of)
    columns = {key: np.array([one[key] for one in values.values()]) for key in next(iter(values.values()), {})}
    if not columns:
        return {"pictures": 0}, values
    ratio = 100 * (columns["chroma"].mean() / columns["wanted chroma"].mean() - 1)
    return {
        "pictures": len(values),
        "PSNR, dB": with_interval(columns["psnr"], 2),
        "SSIM": with_interval(columns["ssim"], 3),
        "PSNR, mean known": with_interval(columns["matched"], 2),
        "chroma against the references": f"{ratio:+.1f} %",
        "exposure correlation": round(float(np.corrcoef(columns["mean"], columns["wanted mean"])[0, 1]), 3),
    }, values


def add_differences(table: dict[str, Figures], values: dict[str, Values]) -> None:
    """Add the differences of PSNR to the first enhancer, picture by picture, with their interval."""
    (first, base), *others = values.items()
    for label, own in others:
        shared = [name for name in own if name in base and "ssim" in own[name]]
        table[label][f"PSNR less that of {first}"] = with_interval(
            [own[name]["psnr"] - base[name]["psnr"] for name in shared], 2
        )


def hue_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.hue(entry, judge.pictures.listed("hue"))
    figures: Figures = {}
    for title, start, key, light in (
        ("scikit-image", "skimage/", "turn", "light"),
        ("free", "free/", "turn", "light"),
        ("free, 4 x 4", "free/", "averaged", "averaged light"),
        ("pairs, 4 x 4", "lol/", "averaged", "averaged light"),
        ("free, input as it is", "free/", "unprepared", ""),
    ):
        turns = {name: one[key] for name, one in values.items() if name.startswith(start) and key in one}
        if turns:
            worst = max(turns, key=lambda name: turns[name])
            of_light = [values[name].get(light, 0.0) for name in turns]
            figures[title] = f"{turns[worst]:.1f}° ({worst}); {over(list(turns.values()))} of {len(turns)}"
            figures[title] += f"; more light alone {max(of_light):.1f}°; {over(of_light)}" * bool(light)
    return figures, values


def over(turns: list[float]) -> str:
    return ", ".join(f"{sum(turn > bound for turn in turns)} above {bound}°" for bound in (3, 5))


def good_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.kept(entry, judge.pictures.listed("good"), judge.side)
    own = {name: one for name, one in values.items() if name.startswith("skimage/")}
    free = {name: one for name, one in values.items() if name not in own}
    return {**kept_figures("free, free2", free), **kept_figures("scikit-image", own)}, values


def report_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    figures, values = pairs_row(judge, entry, "report")
    references = [name.replace("/low/", "/high/") for name in judge.pictures.listed("report")]
    kept = judge.kept(entry, references)
    return {**figures, **kept_figures("references", kept)}, {**values, **kept}


def dark_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.scenes(entry, "dark", dark_scene)
    return {
        **spread("mean luma, times", values, "mean", 2),
        **spread("black point moved, levels", values, "black", 1),
    }, values


def backlit_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.scenes(entry, "backlit", backlit_scene)
    return {
        **spread("darkest half, times", values, "shadows", 2, farthest=min),
        **spread("95th percentile moved, levels", values, "light", 1, farthest=lambda found: max(found, key=abs)),
    }, values


def detail_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.detail(entry)
    return spread("gradient energy, times", values, "detail", 3, farthest=min), values


def niqe_row(judge: Judge, entry: Entry) -> tuple[Figures, Values]:
    values = judge.niqe(entry)
    return {
        title: with_interval([one["niqe"] for name, one in values.items() if title in name], 2)
        for title in ("DICM", "LIME")
    }, values


def speed_row(entries: list[Entry], rounds: int) -> dict[str, Figures]:
    found: dict[str, Figures] = {
        name: {"ms": round(row["ms"]), "times the decoding": round(row["times"], 2)}
        for name, row in speeds(entries, rounds).items()
    }
    for entry in entries:
        if entry.is_model and entry.source != DEFAULT:
            file = default_model() if entry.source == PACKAGED else Path(entry.source)
            found[f"file of {entry.label}"] = {"KiB": round(file.stat().st_size / 1024)}
    return found


ROWS: dict[str, Callable[[Judge, Entry], tuple[Figures, Values]]] = {
    "pairs": pairs_row,
    "hue": hue_row,
    "good": good_row,
    "dark": dark_row,
    "backlit": backlit_row,
    "detail": detail_row,
    "niqe": niqe_row,
    "report": report_row,
}
DEFAULT_ROWS = "pairs,hue,good,dark,backlit,detail,speed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("enhancers", nargs="*", default=["auto", "default"])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rows", default=DEFAULT_ROWS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    judge = Judge(Pictures(given.data), None if given.full else SIDE)
    entries = [Entry(text, given.work) for text in given.enhancers]
    tables: dict[str, dict[str, Figures]] = {}
    pictures: dict[str, dict[str, Values]] = {}
    for row in given.rows.split(",") + ["report"] * given.report:
        if row == "speed":
            tables[row] = speed_row([entry for entry in entries if not entry.given], given.rounds)
        else:
            also = [Entry("denoised", given.work)] if row == "hue" else []
            found = {entry.label: ROWS[row](judge, entry) for entry in entries + also}
            tables[row] = {label: figures for label, (figures, _) in found.items()}
            pictures[row] = {label: values for label, (_, values) in found.items()}
            if row in {"pairs", "report"}:
                add_differences(tables[row], pictures[row])
        print(to_markdown(row, tables[row]), flush=True)
    given.work.mkdir(parents=True, exist_ok=True)
    (given.work / "pictures.json").write_text(json.dumps(pictures, indent=1, default=float) + "\n")
    if given.json:
        about = {"diptych": dp.__version__, "numpy": np.__version__, "machine": platform.machine(), "side": judge.side}
        given.json.write_text(json.dumps({"about": about, "rows": tables}, indent=1) + "\n")


if __name__ == "__main__":
    main()
