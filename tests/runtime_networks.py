"""Small networks written down node by node, with seeded weights: nothing here needs torch."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from diptych.runtime import Bundle, BundleMetadata, make_bundle


class Drawing:
    """Nodes and weights of a graph that is being written."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, values: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, operator: str, *inputs: str, **settings) -> str:
        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **settings))
        return name

    def conv(self, x: str, before: int, after: int, side: int = 3, stride: int = 1) -> str:
        weight = self.random.normal(0, (2 / (before * side**2)) ** 0.5, (after, before, side, side)).astype(np.float32)
        padding = [(side - 1) // 2] * 4
        return self.add("Conv", x, self.constant(weight), kernel_shape=[side, side], strides=[stride] * 2, pads=padding)

    def transposed(self, x: str, before: int, after: int) -> str:
        weight = self.random.normal(0, (1 / before) ** 0.5 / 2, (before, after, 4, 4)).astype(np.float32)
        weight = self.constant(weight)
        return self.add("ConvTranspose", x, weight, kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])

    def norm(self, x: str, channels: int) -> str:
        scale = self.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32))
        shift = self.constant(self.random.normal(0, 0.3, channels).astype(np.float32))
        return self.add("InstanceNormalization", x, scale, shift, epsilon=1e-5)

    def doubled(self, x: str) -> str:
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor", "mode": "nearest"}
        return self.add("Resize", x, "", scales, **settings)

    def padded(self, x: str, by: int) -> str:
        return self.add("Pad", x, self.constant(np.array([0, 0, by, by] * 2, np.int64)), mode="edge")

    def model(self, last: str, channels_in: int, channels_out: int, opset: int = 18) -> bytes:
        self.nodes.append(helper.make_node("Sigmoid", [last], ["enhanced"]))
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "h", "w"])
            for name, channels in (("image", channels_in), ("enhanced", channels_out))
        ]
        graph = helper.make_graph(self.nodes, "drawn", ends[:1], ends[1:], self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        return made.SerializeToString()


def hourglass(channels: int = 3, *, normalised: bool = True, up: str = "resize") -> bytes:
    """Three halvings and doublings with skip connections; sees far."""
    d = Drawing(1)
    norm = d.norm if normalised else lambda x, channels: x
    x, skips, widths = "image", [], [4, 8, 12]
    for before, after in zip([channels, *widths], widths, strict=False):
        x = d.add("LeakyRelu", norm(d.conv(x, before, after, 4, 2), after), alpha=0.2)
        skips.append((x, after))
    x, before = skips.pop()
    for after in (8, 4, channels):
        x = d.conv(d.doubled(x), before, after) if up == "resize" else d.transposed(x, before, after)
        x = norm(x, after)
        if skips:
            skip, wide = skips.pop()
            x, before = d.add("Relu", d.add("Concat", skip, x, axis=1)), wide + after
    return d.model(x, channels, channels)


def residual(channels: int = 3) -> bytes:
    """Padding by repetition, two residual blocks, a sum with the input."""
    d = Drawing(2)
    x = d.add("Relu", d.norm(d.conv(d.padded("image", 0), channels, 6, 7), 6))
    x = d.add("Relu", d.norm(d.conv(x, 6, 12, 3, 2), 12))
    for _ in range(2):
        y = d.add("Clip", d.norm(d.conv(x, 12, 12), 12), d.constant(np.float32(0)), d.constant(np.float32(6)))
        x = d.add("Add", x, d.norm(d.conv(y, 12, 12), 12))
    x = d.add("Relu", d.norm(d.conv(d.doubled(x), 12, 6), 6))
    return d.model(d.add("Add", "image", d.conv(x, 6, channels, 7)), channels, channels)


def negative() -> bytes:
    """From bytes to bytes, with every step inside: the negative."""
    d = Drawing(3)
    planes = d.add("Transpose", d.add("Cast", "image", to=TensorProto.FLOAT), perm=[2, 0, 1])
    size = d.add("Shape", planes)
    flat = d.add("Reshape", planes, d.constant(np.array([3, -1], np.int64)))
    turned = d.add("Reshape", d.add("Sub", d.constant(np.float32(255)), flat), size)
    rounded = d.add("Clip", d.add("Round", turned), d.constant(np.float32(0)), d.constant(np.float32(255)))
    rows = d.add("Transpose", rounded, perm=[1, 2, 0])
    d.nodes.append(helper.make_node("Cast", [rows], ["enhanced"], to=TensorProto.UINT8))
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, ["h", "w", 3]) for name in ("image", "enhanced")]
    graph = helper.make_graph(d.nodes, "drawn", ends[:1], ends[1:], d.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


NETWORKS = {
    "hourglass": (hourglass(), {"channels_in": 3, "channels_out": 3, "multiple": 8, "receptive_field_radius": 60}),
    "transposed": (
        hourglass(up="transposed"),
        {"channels_in": 3, "channels_out": 3, "multiple": 8, "receptive_field_radius": 60},
    ),
    "plain": (
        hourglass(normalised=False),
        {"channels_in": 3, "channels_out": 3, "multiple": 8, "receptive_field_radius": 60},
    ),
    "residual": (residual(), {"channels_in": 3, "channels_out": 3, "multiple": 2, "receptive_field_radius": 30}),
    "grey": (hourglass(1), {"channels_in": 1, "channels_out": 1, "multiple": 8, "receptive_field_radius": 60}),
}


WHOLE = {"kind": "whole", "channels_in": 3, "channels_out": 3, "multiple": 1, "receptive_field_radius": 0}


def make(name: str, **more) -> Bundle:
    model, facts = (negative(), WHOLE) if name == "whole" else NETWORKS[name]
    return make_bundle(model, BundleMetadata(**({"name": name} | facts | more)))


def photograph(height: int = 150, width: int = 131, seed: int = 0) -> np.ndarray:
    """Return a dark picture with large shapes, fine detail and noise, uint8 RGB."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    scene = 0.3 + 0.2 * np.sin(x / 19 + 1) * np.cos(y / 13) + 0.15 * ((x // 9 + y // 7) % 2) * (y > height // 3)
    colours = scene[..., np.newaxis] * np.array([0.9, 0.6, 0.4]) + random.normal(0, 0.03, (height, width, 3))
    return np.rint(255 * np.clip(colours, 0, 1)).astype(np.uint8)
