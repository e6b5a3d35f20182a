"""Bytes of a posted form to fields: urlencoded or multipart, each field once, UTF-8, no NUL."""

from collections.abc import Set as AbstractSet
from email.message import Message as MimeHeaders
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from shared.web.forms import MAX_FIELDS
from shared.web.problems import (
    BrokenForm,
    NotUtf8,
    NullCharacter,
    RepeatedField,
    TooManyFields,
    WrongType,
)

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def parse_form(
    content_type: str, body: bytes, files: AbstractSet[str] = frozenset()
) -> dict[str, str]:
    """Read a whole body of a form into its fields; `files` may come as text files.

    Raises WrongType, NotUtf8, BrokenForm, RepeatedField, TooManyFields or NullCharacter; a file
    in any other field is a WrongType. Names of files are passed over.
    """
    if body.startswith(BOMS):
        raise NotUtf8
    kind, options = parse_options_header(content_type)
    if options.get(b"charset", b"utf-8").lower() not in {b"utf-8", b"utf8"}:
        raise NotUtf8
    if kind == URLENCODED.encode():
        pairs = _urlencoded(body)
    elif kind == MULTIPART.encode():
        pairs = _multipart(body, options.get(b"boundary", b""), files)
    else:
        raise WrongType
    return _each_once(pairs)


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    if body.count(b"&") >= MAX_FIELDS:
        raise TooManyFields
    try:
        text = body.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict")
    except UnicodeDecodeError:
        raise NotUtf8 from None
    except ValueError:
        raise BrokenForm from None


def _multipart(body: bytes, boundary: bytes, files: AbstractSet[str]) -> list[tuple[str, str]]:
    if not boundary:
        raise BrokenForm
    parts = _Parts(files)
    try:
        parser = MultipartParser(boundary, parts.callbacks(), max_size=len(body) + 1)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        raise BrokenForm from None
    if not parts.complete:
        raise BrokenForm
    return parts.pairs


class _Parts:
    """Collects the parts of one multipart body (RFC 7578)."""

    def __init__(self, files: AbstractSet[str]) -> None:
        self._files = files
        self.pairs: list[tuple[str, str]] = []
        self.complete = False
        self._begin()

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
            "on_header_field": self._add_name,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_end": self._end_all,
        }

    def _begin(self) -> None:
        self._data, self._name, self._value = b"", b"", b""
        self._headers = MimeHeaders()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("latin-1")
        self._name, self._value = b"", b""

    def _end(self) -> None:
        kind, options = parse_options_header(self._headers.get("content-disposition", ""))
        if kind != b"form-data" or b"name" not in options:
            raise BrokenForm
        name = _text(options[b"name"])
        if (b"filename" in options or b"filename*" in options) and name not in self._files:
            raise WrongType
        if len(self.pairs) >= MAX_FIELDS:
            raise TooManyFields
        self.pairs.append((name, _text(self._data)))

    def _end_all(self) -> None:
        self.complete = True


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUtf8 from None


def _each_once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RepeatedField
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise NullCharacter
    return fields
