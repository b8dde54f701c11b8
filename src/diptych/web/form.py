"""The picture in a form, multipart/form-data (RFC 7578), without a temporary file."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from diptych.web.problems import Problem

FIELD = "image"
_MOST_PARTS = 16


def file_in(body: bytes, content_type: str) -> bytes:
    """Return the content of the field ``image``, which must be a file.

    Raises
    ------
    Problem
        400 if the form is malformed, has too many fields or lacks this one.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise Problem(400, "the form has no boundary; let the client library write the Content-Type")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Problem(400, "the form is malformed or cut off; send all of it") from None
    for name, content in parts.files:
        if name == FIELD.encode():
            return b"".join(content)
    raise Problem(400, f"the form has no file '{FIELD}'; name the field of the picture so")


@dataclass
class _Parts:
    """What the parser has met: the files by their fields' names."""

    files: list[tuple[bytes, list[bytes]]] = field(default_factory=list)
    name: bytes = b""
    value: bytes = b""
    count: int = 0
    here: list[bytes] | None = None

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.add_name,
            "on_header_value": self.add_value,
            "on_header_end": self.end_header,
            "on_part_data": self.add_data,
        }

    def begin(self) -> None:
        self.here = None
        self.count += 1
        if self.count > _MOST_PARTS:
            raise Problem(400, f"the form has more than {_MOST_PARTS} fields; send the picture alone")

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def end_header(self) -> None:
        if self.name.lower() == b"content-disposition":
            options = parse_options_header(self.value)[1]
            if b"filename" in options:
                self.here = []
                self.files.append((options.get(b"name", b""), self.here))
        self.name = self.value = b""

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self.here is not None:
            self.here.append(data[start:end])
