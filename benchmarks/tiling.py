"""A picture in strips against the same picture in one piece: difference, memory, time.

    python benchmarks/tiling.py [--megapixels 24] [--memory 1GiB] [--networks unet,resnet,mobile] [--narrow] [--one-piece]
    python benchmarks/tiling.py --exact MEGAPIXELS [--networks ...]
    python benchmarks/tiling.py --sampled PICTURES

The first prints a table: within that memory and within 16 GiB; a network with normalisation is in strips in both above 12.5
megapixels. With ``--one-piece`` a third run is the plain graph on ONNX Runtime alone, in one piece (a default `unet` takes
about 30 GB for 24 megapixels; ``--narrow`` makes the networks a quarter as wide). Every run is a process of its own, whose
highest resident memory is read at its end: libraries, picture and result included. The weights are random, of a size at
which every layer matters.
The second compares both with PyTorch in float64. The third shows why statistics of normalisation are not estimated: how far
the answer is off with those of a reduced copy and of sampled pieces.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from diptych.cli.arguments import parse_size

NETWORKS = ("unet", "resnet", "mobile")


def generator(name: str, *, narrow: bool):
    import torch

    from diptych import networks
    from diptych.training.generator_file import TrainedGenerator

    width = {"unet": 64, "resnet": 64, "mobile": 16}[name] // (4 if narrow else 1)
    config = networks.from_dict({"name": name, "width": width})
    module = networks.build(config, seed=3).eval().requires_grad_(False)
    random = torch.Generator().manual_seed(5)
    for weight in module.parameters():
        if weight.dim() == 4:
            weight.normal_(0, (2 / weight[0].numel()) ** 0.5, generator=random)
    return TrainedGenerator(config, module)


def build_bundle(name: str, path: Path, *, narrow: bool) -> None:
    from diptych.export.onnx import to_bundle

    path.write_bytes(to_bundle(generator(name, narrow=narrow)).model)


def large_picture(megapixels: float) -> np.ndarray:
    """Return photographs side by side under a slow change of light, with noise."""
    from skimage import data

    height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
    width = round(height * 1.5)
    photo = data.astronaut()
    random = np.random.default_rng(0)
    picture = np.tile(photo, (height // 512 + 1, width // 512 + 1, 1))[:height, :width]
    light = 0.4 + 0.5 * np.sin(np.linspace(0, 3, width))[:, np.newaxis]
    for row in range(height):
        noisy = picture[row] * light * (0.4 + 0.6 * row / height) + random.normal(0, 6, (width, 3))
        picture[row] = np.clip(noisy, 0, 255)
    return picture


def child(arguments: argparse.Namespace) -> None:
    picture = large_picture(arguments.megapixels)
    if arguments.memory:
        from diptych.runtime import OnnxEnhancer

        run = OnnxEnhancer(arguments.child, memory=parse_size(arguments.memory))
    else:
        run = plain_graph(Path(arguments.child))
    started = time.perf_counter(), time.process_time()
    result = run(picture)
    seconds, busy = time.perf_counter() - started[0], time.process_time() - started[1]
    peak = peak_bytes()
    np.save(arguments.output, result)
    print(json.dumps({"seconds": seconds, "busy": busy, "peak": peak}))


def peak_bytes() -> int:
    """Return the high-water mark of this process; ru_maxrss would begin with that of the process that started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def plain_graph(path: Path):
    """Return a function that runs a bundle's graph on ONNX Runtime alone, in one piece."""
    import onnxruntime

    from diptych.runtime import read_bundle
    from diptych.runtime.picture import Picture, put

    bundle = read_bundle(path)
    session = onnxruntime.InferenceSession(bundle.model, providers=["CPUExecutionProvider"])

    def run(image: np.ndarray) -> np.ndarray:
        picture, result = Picture(image, bundle.metadata.multiple), np.empty_like(image)
        put(result, 0, session.run(None, {"image": picture.read(0, picture.height)})[0][0])
        return result

    return run


def measured(bundle: Path, megapixels: float, memory: str, output: Path) -> dict[str, float]:
    command = [
        sys.executable,
        __file__,
        "--child",
        str(bundle),
        "--megapixels",
        str(megapixels),
        "--output",
        str(output),
    ]
    done = subprocess.run([*command, "--memory", memory], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{bundle.name}, memory {memory}: {done.stderr[-500:] or done.returncode}")
    return json.loads(done.stdout)


def compare(arguments: argparse.Namespace) -> None:
    print(
        f"{arguments.megapixels:g} megapixels, uint8{', narrow' * arguments.narrow}; differences in levels: largest, mean\n"
    )
    print("| network | run | peak RSS | seconds | seconds of CPU | difference from the first |")
    print("|---|---|---|---|---|---|")
    runs = {f"--memory {arguments.memory}": arguments.memory, "--memory 16GiB": "16GiB"}
    if arguments.one_piece:
        runs["the plain graph in one piece"] = ""
    for name in arguments.networks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder, f"{name}.onnx")
            build_bundle(name, bundle, narrow=arguments.narrow)
            first = None
            for what, memory in runs.items():
                output = Path(folder, "result.npy")
                found = measured(bundle, arguments.megapixels, memory, output)
                result = np.load(output)
                first = result if first is None else first
                apart = np.abs(first.astype(np.int16) - result)
                numbers = f"{found['peak'] / 2**30:.2f} GiB | {found['seconds']:.0f} | {found['busy']:.0f}"
                print(f"| {name} | {what} | {numbers} | {apart.max()}, {apart.mean():.5f} |", flush=True)


def exact(arguments: argparse.Namespace) -> None:
    """Print how far strips and the plain graph are from PyTorch in float64, before rounding to levels."""
    import torch

    from diptych.runtime import OnnxEnhancer

    picture = (large_picture(arguments.exact) / 255).astype(np.float32)
    height, width = (side // 256 * 256 for side in picture.shape[:2])
    picture = np.ascontiguousarray(picture[:height, :width])
    print(f"{height * width / 1e6:.1f} megapixels, narrow. Differences from float64 in levels of 255: largest, mean\n")
    print("| network | strips | the plain graph in one piece |\n|---|---|---|")
    for name in arguments.networks.split(","):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.onnx")
            build_bundle(name, path, narrow=True)
            cells = []
            planes = torch.from_numpy(picture.transpose(2, 0, 1)[np.newaxis].copy()).double()
            truth = generator(name, narrow=True).module.double()(planes)[0].numpy().transpose(1, 2, 0)
            for made in (OnnxEnhancer(path, memory=100 << 20)(picture), plain_graph(path)(picture)):
                apart = 255 * np.abs(made - truth)
                cells.append(f"{apart.max():.4f}, {apart.mean():.6f}")
            print(f"| {name} | {cells[0]} | {cells[1]} |", flush=True)


def sampled(pictures: str) -> None:
    """Print how far the answer is off with statistics of a copy at a quarter of the size, or of every 16th 96 x 96 px piece."""
    import onnx

    from diptych.photo import find_photos, read
    from diptych.runtime.graph import Graph
    from diptych.runtime.normalisation import Moments, fix, normalised_maps
    from diptych.runtime.sessions import Sessions

    print(
        "| network | picture | quarter of the size: mean, largest | sampled pieces: mean, largest |\n|---|---|---|---|"
    )
    for name in NETWORKS[1:]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"{name}.onnx")
            build_bundle(name, path, narrow=True)
            model = path.read_bytes()
        graph = Graph(onnx.load_from_string(model), 16)
        sessions = Sessions(name)
        for found in find_photos([pictures])[:6]:
            pixels = read(found.path).pixels
            if pixels.ndim == 2 or min(pixels.shape[:2]) < 384:
                continue
            x = (pixels / 255).astype(np.float32).transpose(2, 0, 1)[np.newaxis]
            x = np.ascontiguousarray(x[..., : x.shape[2] // 64 * 64, : x.shape[3] // 64 * 64])
            exact = answer(sessions, model, x)
            small = x.reshape(*x.shape[:2], x.shape[2] // 4, 4, x.shape[3] // 4, 4).mean(axis=(3, 5))
            rows = [
                x[..., i : i + 96, j : j + 96]
                for i in range(0, x.shape[2] - 95, 384)
                for j in range(0, x.shape[3] - 95, 384)
            ]
            cells = []
            for pieces in ([small], rows):
                moments = {one: Moments() for one in normalised_maps(graph.nodes)}
                for piece in pieces:
                    for one, made in zip(moments, maps(sessions, graph, list(moments), piece), strict=True):
                        moments[one].add(made[0])
                fixed = onnx.load_from_string(model)
                fix(fixed, {one: moment.statistics() for one, moment in moments.items()})
                apart = 255 * np.abs(answer(sessions, fixed.SerializeToString(), x) - exact)
                cells.append(f"{apart.mean():.1f}, {apart.max():.0f}")
            print(f"| {name} | {found.path.name} | {cells[0]} | {cells[1]} |", flush=True)


def answer(sessions, model: bytes, x: np.ndarray) -> np.ndarray:
    return sessions.open(model).run({"image": np.ascontiguousarray(x)}, {"enhanced": (x.shape, x.dtype)})[0]


def maps(sessions, graph, names: list[str], x: np.ndarray) -> list[np.ndarray]:
    shapes = {}
    for name in names:
        place = graph.maps[name]
        shapes[name] = ((1, place.channels, *(int(side / place.scale) for side in x.shape[2:])), place.dtype)
    session = sessions.open(graph.extract(["image"], names).SerializeToString())
    return session.run({"image": np.ascontiguousarray(x)}, shapes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=24)
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--one-piece", action="store_true")
    parser.add_argument("--exact", type=float, metavar="MEGAPIXELS")
    parser.add_argument("--sampled", metavar="PICTURES")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--output", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments)
    elif arguments.sampled:
        sampled(arguments.sampled)
    elif arguments.exact:
        exact(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
