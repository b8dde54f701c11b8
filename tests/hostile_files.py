"""Small and large files that once cost minutes or gigabytes: ``python hostile_files.py FOLDER`` writes them (150 MB).

Pictures, models and recipes. Each stands for a kind: overlapping directories, fields that share their bytes, empty segments,
scans without pixels, and so on. ``benchmarks/hostile.py`` measures what becomes of them; ``tests/photo/test_hostile.py`` tries
the small ones.
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

MIB = 1 << 20


def directory(*fields: tuple[int, int, int, int]) -> bytes:
    table = b"".join(struct.pack("<HHII", *field) for field in sorted(fields))
    return struct.pack("<H", len(fields)) + table + b"\0\0\0\0"


def tiff(content: bytes, *fields: tuple[int, int, int, int]) -> bytes:
    """A TIFF with `content` at offset 8 and the directory behind it."""
    return b"II*\0" + struct.pack("<I", 8 + len(content)) + content + directory(*fields)


def grey(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Fields of an uncompressed grey picture, whose samples lie at offset 8."""
    sizes = [(256, 4, 1, width), (257, 4, 1, height), (278, 4, 1, height), (279, 4, 1, width * height)]
    return [*sizes, (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1)]


def small(name: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 90, np.uint8)).save(out, name)
    return out.getvalue()


def overlapping_directories() -> bytes:
    pages, fields, first = 9990, 4096, 16
    data = bytearray(first + 12 * (pages + fields + 2) + 16)
    data[:8] = b"II*\0" + struct.pack("<I", first)
    for index in range(pages + fields + 2):
        struct.pack_into("<H", data, first + 12 * index, fields)
    for index in range(pages):
        struct.pack_into("<I", data, first + 12 * (index + fields) + 2, first + 12 * (index + 1))
    return bytes(data)


def numbers() -> bytes:
    tags = (266, 292, 293, 317, 320, 322, 338, 347, 530, 274)
    return tiff(b"\1" * 16 * MIB, *grey(1, 1), *((tag, 1, 16 * MIB, 8) for tag in tags))


def shared_fields(size: int) -> bytes:
    return tiff(b"\x80" * size, *grey(4, 4), *((40000 + index, 1, size, 8) for index in range(4000)))


def exif_of_shared_fields(size: int) -> bytes:
    return tiff(b"\x80" * size, *((40000 + index, 1, size, 8) for index in range(4000)))


def strips(compression: int, size: int, height: int = 20000) -> bytes:
    """Every strip of one row is the same `size` bytes."""
    data = small("JPEG") if compression == 7 else b""
    data = data.ljust(size, b"\0" if data else b"\x55")
    offsets, lengths = struct.pack(f"<{height}I", *[8] * height), struct.pack(f"<{height}I", *[size] * height)
    fields = {tag: (tag, kind, number, value) for tag, kind, number, value in grey(16, height)}
    fields |= {259: (259, 3, 1, compression), 278: (278, 4, 1, 1)}
    fields |= {273: (273, 4, height, 8 + size), 279: (279, 4, height, 8 + size + len(offsets))}
    return tiff(data + offsets + lengths, *fields.values())


def wide_tiles() -> bytes:
    fields = [field for field in grey(53, 37) if field[0] not in (273, 278, 279)]
    tiles = [(322, 4, 1, (1 << 32) - 2), (323, 4, 1, 16), (324, 4, 3, 2008), (325, 4, 3, 2020)]
    places = struct.pack("<6I", 8, 8, 8, 2000, 2000, 2000)
    return tiff(bytes(2000) + places, *fields, *tiles)


def scans(width: int, height: int, number: int) -> bytes:
    """A progressive JPEG whose scans say in a few bytes that nothing changes."""
    blocks = -(-width // 8) * -(-height // 8)
    head = b"\xff\xd8\xff\xdb" + struct.pack(">HB", 67, 0) + b"\1" * 64
    head += b"\xff\xc2" + struct.pack(">HBHHB3B", 11, 8, height, width, 1, 1, 0x11, 0)
    head += b"\xff\xc4" + struct.pack(">H", 20) + bytes([0x00, 1, *[0] * 15, 0])
    head += b"\xff\xc4" + struct.pack(">H", 20) + bytes([0x10, 1, *[0] * 15, 0xE0])
    head += b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 0, 0, 0]) + b"\0" * (-(-blocks // 8))
    bits = "".join(
        f"0{min(blocks - done, 32767) - 16384 if blocks - done >= 16384 else 16383:014b}"
        for done in range(0, blocks, 32767)
    )
    bits += "1" * (-len(bits) % 8)
    runs = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    scan = b"\xff\xda" + struct.pack(">HB", 8, 1) + bytes([1, 0, 1, 63, 0]) + runs
    return head + scan * number + b"\xff\xd9"


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_with(*chunks: bytes) -> bytes:
    data = small("PNG")
    return b"".join([data[:33], *chunks, data[33:]])


def jpeg_with(content: bytes) -> bytes:
    data = small("JPEG")
    return data[:2] + content + data[2:]


def rle(width: int, height: int, runs: bytes, bits: int = 8) -> bytes:
    """A BMP of these runs."""
    start = 54 + (4 << bits)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, 1 if bits == 8 else 2, len(runs), 0, 0, 0, 0)
    palette = b"".join(struct.pack("<4B", value, 255 - value, value ^ 85, 0) for value in range(1 << bits))
    return b"BM" + struct.pack("<IHHI", start + len(runs), 0, 0, start) + head + palette + runs


def webp_chunks() -> bytes:
    body = small("WEBP")[8:] + b"abcd\0\0\0\0" * (4 * MIB)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def model(nodes: list, constants: dict[str, list[int]], **metadata: str) -> bytes:
    from onnx import TensorProto, helper

    from diptych.runtime import BundleMetadata

    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("image", "enhanced")
    ]
    weights = [helper.make_tensor(name, TensorProto.INT64, [len(value)], value) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    said = BundleMetadata(name="s", channels_in=3, channels_out=3, multiple=1, receptive_field_radius=1).to_json()
    entry = proto.metadata_props.add()
    entry.key, entry.value = "diptych", said
    if metadata:
        import json

        entry.value = json.dumps(json.loads(said) | metadata)
    return proto.SerializeToString()


def constant(name: str):
    from onnx import TensorProto, helper

    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [1e-4])
    return helper.make_node("ConstantOfShape", ["shape"], [name], value=value)


def products(number: int, side: int = 4096, **metadata: str) -> bytes:
    """A model that multiplies one large matrix again and again; no tensor of it is large for itself."""
    from onnx import helper

    nodes = [constant("m0")]
    nodes += [helper.make_node("MatMul", [f"m{index}", "m0"], [f"m{index + 1}"]) for index in range(number)]
    nodes.append(helper.make_node("ReduceMean", [f"m{number}", "axes"], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Add", ["image", "mean"], ["enhanced"]))
    return model(nodes, {"axes": [0, 1], "shape": [side, side]}, **metadata)


def tensors(number: int) -> bytes:
    """A model of many constants that are made large from nothing, each within its bounds."""
    from onnx import helper

    nodes = [helper.make_node("ReduceMean", ["image", "axes"], ["s"])]
    for index in range(number):
        nodes.append(constant(f"c{index}"))
        nodes.append(helper.make_node("Mul", [f"c{index}", "s"], [f"m{index}"]))
        nodes.append(helper.make_node("ReduceMean", [f"m{index}", "axes"], [f"r{index}"]))
        before, after = f"y{index - 1}" if index else "image", f"y{index}" if index < number - 1 else "enhanced"
        nodes.append(helper.make_node("Add", [before, f"r{index}"], [after]))
    return model(nodes, {"axes": [1, 2, 3], "shape": [1, 1, 4096, 4096]})


NESTED = "format = 1\nx = " + "[" * 900 + "]" * 900 + "\n"
DOTTED = "format = 1\n" + "a." * 40000 + "b = 1\n"
STEP = '[[step]]\noperator = "gamma"\n'
TABLES = "format = 1\n" + "".join(f"[a{'.b' * 400}.c{index}]\n" for index in range(4000))

FILES = {
    "overlapping_directories.tif": overlapping_directories,
    "fields_64_kib.tif": lambda: shared_fields(64 << 10),
    "scans.jpg": lambda: scans(7000, 7000, 300),
    "exif.png": lambda: png_with(chunk(b"eXIf", exif_of_shared_fields(64 << 10))),
    "exif.jpg": lambda: jpeg_with(_exif_segment()),
    "wide_tiles.tif": wide_tiles,
    "nested.toml": NESTED.encode,
    "dotted.toml": DOTTED.encode,
    "long_number.toml": f"format = 1\n{STEP}gamma = {'9' * 5000}\n".encode,
    "tables.toml": TABLES.encode,
    "steps.toml": ("format = 1\n" + STEP * 100_000).encode,
    "nested.onnx": lambda: products(1, 8, preprocess=NESTED),
    "dotted.onnx": lambda: products(1, 8, preprocess=DOTTED),
    "products.onnx": lambda: products(200),
    "tensors.onnx": lambda: tensors(40),
}
LARGE = {
    "runs.bmp": lambda: rle(3000, 3000, b"\1\0" * 4_100_000),
    "fields_1_mib.tif": lambda: shared_fields(MIB),
    "numbers.tif": numbers,
    "segments.jpg": lambda: jpeg_with(b"\xff\xe1\0\2" * (8 * MIB)),
    "fill.jpg": lambda: jpeg_with(b"\xff" * (32 * MIB)),
    "extraneous.jpg": lambda: jpeg_with(b"\xff\0" * (16 * MIB)),
    "chunks.png": lambda: png_with(chunk(b"abCd", b"") * (32 * MIB // 12)),
    "texts.png": lambda: png_with(chunk(b"tEXt", b"a\0b") * (32 * MIB // 15)),
    "chunks.webp": webp_chunks,
    "strips_jpeg.tif": lambda: strips(7, 4 * MIB),
    "strips.tif": lambda: strips(1, 4 * MIB),
}


def _exif_segment() -> bytes:
    block = exif_of_shared_fields(16_000)
    return b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in (FILES | LARGE).items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
