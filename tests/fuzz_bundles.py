"""Spoil bundles in many ways and load and run each: ``python fuzz_bundles.py FIRST LAST``, in a process of its own.

Each must run or be refused with an error of the family; whatever else happens (a crash, a hang, another exception, code run, a
module imported, a file or process opened) ends the process with a message, or is seen by the one that started it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx

from diptych.core.errors import DiptychError
from diptych.runtime import OnnxEnhancer
from diptych.runtime.graph_check import OPERATORS
from runtime_networks import make, photograph

NUMBERS = (0, 1, -1, 2, 3, 7, 255, 1024, 65536, 1 << 31, (1 << 62), -(1 << 62))
FORBIDDEN = ("exec", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect", "ctypes.dlopen")
SECONDS = 60


def flip(data: bytes, random: np.random.Generator) -> bytes:
    spoilt = bytearray(data)
    for place in random.integers(len(data), size=random.integers(1, 20)):
        spoilt[place] = random.integers(256)
    return bytes(spoilt)


def flip_structure(data: bytes, random: np.random.Generator) -> bytes:
    """Flip bytes near names and numbers, where weights do not soak them up."""
    words = (b"Conv", b"image", b"enhanced", b"pads", b"strides", b"Resize", b"kernel_shape", b"diptych", b"format")
    spoilt = bytearray(data)
    word = words[random.integers(len(words))]
    start = max(data.find(word, random.integers(len(data))), 0)
    for _ in range(random.integers(1, 6)):
        spoilt[min(start + random.integers(-8, 40), len(data) - 1)] = random.integers(256)
    return bytes(spoilt)


def cut(data: bytes, random: np.random.Generator) -> bytes:
    return data[: random.integers(len(data))]


def remove(data: bytes, random: np.random.Generator) -> bytes:
    first = random.integers(len(data))
    return data[:first] + data[first + random.integers(1, 200) :]


def repeat(data: bytes, random: np.random.Generator) -> bytes:
    first = random.integers(len(data))
    last = first + random.integers(1, 400)
    return data[:last] + data[first:]


def edit(data: bytes, random: np.random.Generator) -> bytes:
    """Change the parsed model, so that it stays one."""
    model = onnx.load_from_string(data)
    for _ in range(random.integers(1, 3)):
        EDITS[random.integers(len(EDITS))](model, random)
    return model.SerializeToString()


def _node(model, random):
    return model.graph.node[random.integers(len(model.graph.node))]


def _operator(model, random):
    _node(model, random).op_type = sorted(OPERATORS)[random.integers(len(OPERATORS))]


def _setting(model, random):
    node = _node(model, random)
    for attribute in node.attribute:
        if len(attribute.ints):
            attribute.ints[random.integers(len(attribute.ints))] = NUMBERS[random.integers(len(NUMBERS))]
        elif attribute.type == onnx.AttributeProto.INT:
            attribute.i = NUMBERS[random.integers(len(NUMBERS))]
        elif attribute.type == onnx.AttributeProto.FLOAT:
            attribute.f = float(random.choice([0, -1, np.nan, np.inf, 1e30]))


def _wire(model, random):
    node, other = _node(model, random), _node(model, random)
    if len(node.input):
        node.input[random.integers(len(node.input))] = (*other.input, *other.output)[0]


def _drop(model, random):
    del model.graph.node[random.integers(len(model.graph.node))]


def _twice(model, random):
    model.graph.node.append(_node(model, random))


def _shape(model, random):
    weight = model.graph.initializer[random.integers(len(model.graph.initializer))]
    if len(weight.dims):
        weight.dims[random.integers(len(weight.dims))] = NUMBERS[random.integers(len(NUMBERS))]


def _transposed(model, random):
    weight = model.graph.initializer[random.integers(len(model.graph.initializer))]
    sides = list(weight.dims)
    weight.dims[:] = random.permutation(sides).tolist()


def _values(model, random):
    weight = model.graph.initializer[random.integers(len(model.graph.initializer))]
    size = len(weight.raw_data) // 4
    values = random.choice([0, 1, -1, np.nan, np.inf, 1e30, 64, 5000], size=size).astype(np.float32)
    weight.raw_data = values.tobytes() + b"\0" * (len(weight.raw_data) - 4 * size)


def _whole_numbers(model, random):
    weight = model.graph.initializer[random.integers(len(model.graph.initializer))]
    size = len(weight.raw_data) // 8
    weight.raw_data = random.choice(NUMBERS, size=size).astype(np.int64).tobytes()
    weight.data_type = onnx.TensorProto.INT64
    weight.dims[:] = [size]


def _type(model, random):
    model.graph.initializer[random.integers(len(model.graph.initializer))].data_type = int(random.integers(0, 24))


def _end(model, random):
    ends = (*model.graph.input, *model.graph.output)
    tensor = ends[random.integers(len(ends))].type.tensor_type
    tensor.shape.dim[random.integers(len(tensor.shape.dim))].dim_value = NUMBERS[random.integers(len(NUMBERS))]


def _fact(model, random):
    entry = model.metadata_props[0]
    entry.value = flip(entry.value.encode(), random).decode(errors="replace")


def _fact_number(model, random):
    entry = model.metadata_props[0]
    word = ("multiple", "receptive_field_radius", "channels_in", "channels_out", "format")[random.integers(5)]
    head, _, tail = entry.value.partition(f'"{word}": ')
    entry.value = f'{head}"{word}": {random.integers(0, 300)}{tail.lstrip("0123456789")}'


EDITS = (
    *(_operator, _setting, _wire, _drop, _twice, _shape, _transposed, _values, _whole_numbers, _type, _end, _fact),
    *(_fact_number, _setting, _operator),
)
WAYS = (flip, flip_structure, flip_structure, cut, remove, repeat, edit, edit, edit, edit, edit, edit)


def main(first: int, last: int) -> None:
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    data = [make(name).model for name in ("hourglass", "residual", "transposed", "grey", "whole")]
    picture = photograph(33, 40)
    path = Path(tempfile.mkdtemp()) / "spoilt.onnx"
    outcomes = {"ran": 0, "refused": 0}
    path.write_bytes(data[1])
    OnnxEnhancer(path)(picture)  # whatever is imported on the way is imported now
    sys.addaudithook(_watch)
    for seed in range(first, last):
        random = np.random.default_rng(seed)
        os.write(1, f"{seed}\n".encode())
        path.write_bytes(WAYS[random.integers(len(WAYS))](data[random.integers(len(data))], random))
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        outcomes[_load_and_run(path, picture)] += 1
    faulthandler.cancel_dump_traceback_later()
    os.write(1, f"{outcomes}\n".encode())


def _load_and_run(path: Path, picture: np.ndarray) -> str:
    try:
        enhancer = OnnxEnhancer(path, threads=1, memory=64 << 20)
        fitting = picture if enhancer.metadata.channels_in == 3 else picture[..., 0]
        made = enhancer(fitting)
    except DiptychError as error:
        if len(str(error)) > 1000 or "\n" in str(error):
            raise AssertionError(f"not a line: {error}") from error
        return "refused"
    if made.shape != fitting.shape or made.dtype != fitting.dtype:
        raise AssertionError(f"{made.shape} {made.dtype}")
    with contextlib.suppress(DiptychError):  # and once more in strips, which look into the graph
        enhancer._memory = 2 * len(enhancer._bundle.model) + 1_000_000
        enhancer(fitting)
    return "ran"


def _watch(event: str, arguments: tuple) -> None:
    if event in FORBIDDEN and not _is_own(event, arguments):
        os.write(2, f"forbidden: {event} {arguments}\n".encode())
        os._exit(3)


def _is_own(event: str, arguments: tuple) -> bool:
    # dataclasses and namedtuples of modules that are imported late are made by exec; those of a file would not be.
    return event == "exec" and getattr(arguments[0], "co_filename", "").startswith(sys.prefix)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
