"""Write the trained denoiser as a bundle: the weights in 8 bits, as they were trained.

python benchmarks/denoiser/to_onnx.py WEIGHTS.safetensors NOTES.json src/diptych/models/denoise.onnx
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from network import LARGEST, NOISE, SIGNED, UNSIGNED, Conv, Network, Plan
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load_file

from diptych.runtime.bundle import BundleMetadata, save_bundle

LICENCE = "Apache-2.0"


class Codes(NamedTuple):
    """A map of 8 bits: its name, the names of its step and its zero, and the step."""

    name: str
    ends: tuple[str, str]
    step: float


class Writer:
    """Collects nodes and weights."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.names = 0

    def weight(self, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.array(values, order="C"), f"w{len(self.weights)}"))
        return self.weights[-1].name

    def node(self, operator: str, *inputs: str, output: str = "", **settings: object) -> str:
        self.names += 1
        self.nodes.append(helper.make_node(operator, list(inputs), [output or f"m{self.names}"], **settings))
        return self.nodes[-1].output[0]

    def quantised(self, values: str, step: float, zero: int) -> Codes:
        ends = self.weight(np.float32(step)), self.weight(np.uint8(zero))
        return Codes(self.node("QuantizeLinear", values, *ends), ends, step)

    def floats(self, codes: Codes) -> str:
        return self.node("DequantizeLinear", codes.name, *codes.ends)

    def convolved(self, codes: Codes, layer: Conv, step: float, zero: int) -> Codes:
        """Return a convolution of maps ``(N, H, W, channels)`` without their margin of a block."""
        scales = layer.scales().view(-1).numpy()
        kept = (layer.weight.detach() / layer.scales()).round().clamp(-LARGEST, LARGEST).numpy().astype(np.int8)
        biases = np.rint(layer.bias.detach().numpy() / (scales * codes.step)).astype(np.int32)
        weights = self.weight(kept), self.weight(scales), self.weight(np.zeros(len(scales), np.int8))
        ends = self.weight(np.float32(step)), self.weight(np.uint8(zero))
        turned = self.node("Transpose", codes.name, perm=[0, 3, 1, 2])
        settings = {"kernel_shape": layer.kernel_size, "pads": [0] * 4, "strides": [1, 1]}
        name = self.node("QLinearConv", turned, *codes.ends, *weights, *ends, self.weight(biases), **settings)
        return Codes(self.node("Transpose", name, perm=[0, 2, 3, 1]), ends, step)

    def shaped(self, codes: Codes, *shape: int) -> Codes:
        return codes._replace(name=self.node("Reshape", codes.name, self.weight(np.array(shape))))


def graph_of(network: Network) -> bytes:
    """Return the ONNX model; a plan without an eighth of the size only.

    The maps keep their channels last, as ONNX Runtime's integers want them, and are added in rows ``(N, H, W channels)``:
    through these it moves no transposition of its own. Convolutions leave the margin out, of which a tile has enough.
    """
    writer, width = Writer(), network.plan.width
    maps = writer.node(
        "Conv",
        "image",
        writer.weight(network.head_weight().detach().numpy()),
        writer.weight(network.head.bias.detach().numpy()),
        kernel_shape=[8, 8],
        strides=[4, 4],
        pads=[2] * 4,
    )
    maps = writer.node(
        "Reshape", writer.node("Transpose", maps, perm=[0, 2, 3, 1]), writer.weight(np.array([0, 0, -1, width // 4, 4]))
    )
    steer = network.steer.weight.detach()
    added = writer.node(
        "Gemm", "correlation", writer.weight(steer.numpy()), writer.weight(-steer.sum(1).numpy()), transB=1
    )
    added = writer.node("Reshape", added, writer.weight(np.array([width // 4, 4])))
    trunk = writer.shaped(writer.quantised(writer.node("Add", maps, added), SIGNED, 128), 0, 0, -1)
    for part in (*network.before, *network.after):
        inner = writer.convolved(writer.shaped(trunk, 0, 0, -1, width), part.first, UNSIGNED, 0)
        outer = writer.shaped(writer.convolved(inner, part.second, SIGNED, 128), 0, 0, -1)
        starts, ends, axes = (np.array(pair) for pair in ((2, 2 * width), (-2, -2 * width), (1, 2)))
        inside = writer.node("Slice", trunk.name, *map(writer.weight, (starts, ends, axes)))
        total = writer.node("Add", writer.floats(trunk._replace(name=inside)), writer.floats(outer))
        trunk = writer.quantised(total, SIGNED, 128)
    writer.convolved(writer.shaped(trunk, 0, 0, -1, width), network.last, NOISE, 128)
    writer.nodes[-1].output[0] = "noise"
    ends = [
        helper.make_tensor_value_info(*end)
        for end in (("image", TensorProto.FLOAT, ["n", 3, "h", "w"]), ("correlation", TensorProto.FLOAT, [1, 4]))
    ]
    made = helper.make_tensor_value_info("noise", TensorProto.UINT8, ["n", "rows", "columns", 48])
    graph = helper.make_graph(writer.nodes, "denoiser", ends, [made], writer.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


def main(weights: Path, notes: Path, target: Path) -> None:
    network = Network(Plan(width=64, after=4, within=0))
    network.load_state_dict(load_file(weights))
    with torch.no_grad():
        graph = graph_of(network)
    told = json.loads(notes.read_text())
    metadata = BundleMetadata(
        name="denoise",
        summary="takes away the noise that a noise model tells it of, and nothing else",
        kind="denoiser",
        channels_in=3,
        channels_out=3,
        multiple=4,
        receptive_field_radius=40,
        precision="int8",
        licence=LICENCE,
        provenance={key: told[key] for key in told if key != "psnr"},
        scores={"psnr": told.get("psnr", {})},
        format=3,
    )
    save_bundle(target, graph, metadata, overwrite=True)
    print(target, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
