"""The bundle: one ``.onnx`` file that is a graph and everything one must know to use it. ``docs/bundle.md`` is its format.

Any ONNX runtime can run the graph; `diptych.runtime.OnnxEnhancer` runs the steps before and after it as well.
"""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diptych.core.errors import BundleError
from diptych.runtime.graph_check import check_graph
from diptych.runtime.graph_ends import INPUT, OUTPUT
from diptych.runtime.known import known_metadata
from diptych.runtime.metadata import BundleMetadata, check_generator

if TYPE_CHECKING:
    import onnx

__all__ = ["INPUT", "KEY", "OUTPUT", "Bundle", "BundleMetadata", "make_bundle", "read_bundle", "save_bundle"]

KEY = "diptych"
"""The key under which an ONNX file keeps the metadata."""

_LIMIT = 256 << 20
_ONE_AT_A_TIME = threading.Lock()  # protobuf imports itself in a circle: of two threads one may find the half of it


@dataclass(frozen=True)
class Bundle:
    """A checked model: its metadata, and the bytes of the file. Made by `read_bundle` or `make_bundle`.

    Attributes
    ----------
    metadata : BundleMetadata
        What the model is.
    model : bytes
        The file.
    source : str
        What to call it in error messages.
    """

    metadata: BundleMetadata
    model: bytes = field(repr=False)
    source: str = "bundle"


def make_bundle(model: bytes, metadata: BundleMetadata, *, source: str = "model") -> Bundle:
    """Put the metadata into an ONNX model and check it.

    Parameters
    ----------
    model : bytes
        An ONNX file with its weights inside, one input named ``image`` and one output named ``enhanced``, of the type
        and shape that `metadata.kind` says.
    metadata : BundleMetadata
        What it is. Metadata that was there, names of source files among it, is removed.
    source : str
        What to call it in error messages.

    Returns
    -------
    Bundle
        Its `model` has the metadata inside.

    Raises
    ------
    BundleError
        If the graph does not fit the metadata or would not be read again: see `read_bundle`.
    ParameterError
        If the config of the generator is none.

    Examples
    --------
    ``make_bundle(Path("net.onnx").read_bytes(), BundleMetadata(name="night")).model``
    """
    check_generator(metadata)
    proto = _parse(model, source)
    _strip(proto)
    _stamp(proto, metadata)
    check_graph(proto, metadata, source)
    return Bundle(metadata, proto.SerializeToString(deterministic=True), source)


def save_bundle(
    path: str | os.PathLike[str], model: bytes, metadata: BundleMetadata, *, overwrite: bool = False
) -> None:
    """Write an ONNX model and its metadata to a file, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write, by custom ``NAME.onnx``.
    model : bytes
        An ONNX file with its weights inside; see `make_bundle`.
    metadata : BundleMetadata
        What it is.
    overwrite : bool
        Replace the file if it exists already.

    Raises
    ------
    BundleError
        If the graph does not fit the metadata or would not be read again.
    PhotoError
        If the file cannot be written, or exists already and `overwrite` is false.

    Examples
    --------
    ``save_bundle("night.onnx", model, BundleMetadata(name="night"))``
    """
    from diptych.photo import atomic_write

    atomic_write(path, make_bundle(model, metadata, source=os.fspath(path)).model, overwrite=overwrite)


def read_bundle(path: str | os.PathLike[str], *, max_bytes: int = _LIMIT) -> Bundle:
    """Read a bundle and refuse everything that is not one. Nothing in the file is executed.

    Parameters
    ----------
    path : path
        A regular file.
    max_bytes : int
        The largest file that is read.

    Returns
    -------
    Bundle
        Its metadata, and the bytes of the file.

    Raises
    ------
    BundleError
        If the file is not there, is too large, truncated, damaged, or no bundle of Diptych; if it comes from a newer
        version; if its graph keeps data in other files, uses an operator outside the list, holds other graphs or
        functions, or contradicts its metadata. The message names the file.

    Examples
    --------
    >>> from onnx import TensorProto, helper
    >>> import tempfile
    >>> ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in (INPUT, OUTPUT)]
    >>> graph = helper.make_graph([helper.make_node("Sqrt", [INPUT], [OUTPUT])], "lighter", ends[:1], ends[1:])
    >>> model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    >>> path = os.path.join(tempfile.mkdtemp(), "lighter.onnx")
    >>> metadata = BundleMetadata(name="lighter", channels_in=3, channels_out=3, multiple=1, receptive_field_radius=0)
    >>> save_bundle(path, model.SerializeToString(), metadata)
    >>> read_bundle(path).metadata.name
    'lighter'
    """
    return bundle_of(_read(path, max_bytes), source=os.fspath(path))


def bundle_of(model: bytes, *, source: str) -> Bundle:
    """Return the bundle that a file's content is, which `source` names in messages; see `read_bundle`."""
    known = known_metadata(model)
    return check_bundle(model, source=source) if known is None else Bundle(known, model, source)


def check_bundle(model: bytes, *, source: str) -> Bundle:
    """The same for content that is checked in any case, even if it is that of a model in the package."""
    proto = _parse(model, source)
    metadata = _read_metadata(proto, source)
    check_graph(proto, metadata, source)
    return Bundle(metadata, model, source)


def _read(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise BundleError(f"{os.fspath(path)}: is not a regular file; give the path of a .onnx file")
        with open(path, "rb") as file:
            model = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{os.fspath(path)}: cannot be read ({reason}); check the path") from None
    if len(model) > max_bytes:
        raise BundleError(f"{os.fspath(path)}: larger than {max_bytes} bytes; raise max_bytes if you trust it")
    return model


def _parse(model: bytes, source: str) -> onnx.ModelProto:
    with _ONE_AT_A_TIME:
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(model)
    except (DecodeError, ValueError, RecursionError):
        raise BundleError(f"{source}: is not an ONNX file, or is cut off or damaged; get a whole copy of it") from None
    if not proto.HasField("graph"):
        raise BundleError(f"{source}: is not an ONNX file; give a model made by diptych export")
    return proto


def _read_metadata(proto: onnx.ModelProto, source: str) -> BundleMetadata:
    texts = [entry.value for entry in proto.metadata_props if entry.key == KEY]
    if not texts:
        raise BundleError(
            f"{source}: an ONNX model, but not a bundle of Diptych: it does not say what its input means; "
            f"add the metadata with diptych.runtime.save_bundle"
        )
    if len(texts) > 1:
        raise BundleError(f"{source}: has the metadata of Diptych twice; export the model again")
    return BundleMetadata.from_json(texts[0], source=source)


def _strip(proto: onnx.ModelProto) -> None:
    """Remove what a graph does not need: the exporter writes names of source files into every node."""
    graph = proto.graph
    for part in (proto, graph):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for message in (*graph.node, *graph.initializer, *graph.input, *graph.output):
        message.ClearField("metadata_props")
        message.ClearField("doc_string")
    graph.ClearField("value_info")
    graph.ClearField("quantization_annotation")
    used = {node.domain for node in graph.node} | {""}
    kept = [opset for opset in proto.opset_import if opset.domain in used]
    proto.ClearField("opset_import")
    proto.opset_import.extend(kept)


def _stamp(proto: onnx.ModelProto, metadata: BundleMetadata) -> None:
    from diptych import __version__

    proto.producer_name, proto.producer_version = "diptych", __version__
    proto.ir_version = min(proto.ir_version, 10)  # later ones add nothing that a bundle has
    proto.ClearField("domain")
    proto.ClearField("model_version")
    entry = proto.metadata_props.add()
    entry.key, entry.value = KEY, metadata.to_json()
