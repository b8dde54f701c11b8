"""Reading a form (multipart/form-data, RFC 7578) with a picture and fields."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from diptych.web.problem import Problem

FIELD = "image"
_MOST_PARTS = 16
_LONGEST_VALUE = 100_000


def read_form(body: list[bytes], content_type: str) -> tuple[bytes, dict[str, str]]:
    """Return the content of the file ``image``, and the other fields.

    Raises
    ------
    Problem
        400 if the form is malformed, has no such file, more than one, or a field twice.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise Problem(400, "the form has no boundary; let the client library write the Content-Type")
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # type: ignore[arg-type]
        for piece in body:
            parser.write(piece)
        parser.finalize()
    except FormParserError:
        raise Problem(400, "the form is malformed or cut off; send all of it") from None
    fields: dict[str, str] = {}
    picture: bytes | None = None
    for part in parts.found:
        name = part.name.decode("utf-8", "replace")[:80]
        if part.is_file and name == FIELD and picture is None:
            picture = b"".join(part.content)
        elif part.is_file:
            more = "more than one picture" if name == FIELD else f"a file '{name}'"
            raise Problem(400, f"the form has {more}; send one, as the file '{FIELD}'")
        elif name == FIELD:
            raise Problem(400, f"the field '{FIELD}' of the form is text; send it as a file")
        elif name in fields:
            raise Problem(400, f"the form has the field '{name}' twice; send it once")
        else:
            fields[name] = _text(part, name)
    if picture is None:
        raise Problem(400, f"the form has no file '{FIELD}'; give the picture's field this name")
    return picture, fields


@dataclass
class _Part:
    name: bytes
    is_file: bool
    content: list[bytes] = field(default_factory=list)


def _text(part: _Part, name: str) -> str:
    value = b"".join(part.content)
    if len(value) > _LONGEST_VALUE:
        raise Problem(400, f"the field '{name}' of the form is longer than {_LONGEST_VALUE} bytes; shorten it")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise Problem(400, f"the field '{name}' of the form is not UTF-8; send it as UTF-8") from None


@dataclass
class _Parts:
    """The parts met so far."""

    found: list[_Part] = field(default_factory=list)
    header: bytes = b""
    value: bytes = b""
    count: int = 0
    now: _Part | None = None

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_header_field": self.add_header,
            "on_header_value": self.add_value,
            "on_header_end": self.end_header,
            "on_headers_finished": self.end_headers,
            "on_part_data": self.add_data,
        }

    def begin(self) -> None:
        self.now = None
        self.count += 1
        if self.count > _MOST_PARTS:
            raise Problem(400, f"the form has more than {_MOST_PARTS} fields; send the picture and what is needed")

    def add_header(self, data: bytes, start: int, end: int) -> None:
        self.header += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def end_header(self) -> None:
        if self.header.lower() == b"content-disposition":
            options = parse_options_header(self.value)[1]
            self.now = _Part(options.get(b"name", b""), b"filename" in options)
        self.header = self.value = b""

    def end_headers(self) -> None:
        if self.now is None or not self.now.name:
            raise Problem(400, "a part of the form has no name; let the client library write the form")
        self.found.append(self.now)

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self.now is not None:
            self.now.content.append(data[start:end])
