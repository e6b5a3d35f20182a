"""Bytes of a JSON body to values, strict where RFC 8259 leaves room: nothing is guessed."""

import json
import math
import re
from typing import Any

from shared.web.problems import (
    DuplicateKey,
    NotJson,
    NotUtf8,
    NullCharacter,
    NumberOutOfRange,
    TooDeep,
)

MAX_DEPTH = 20
MAX_DIGITS = 18  # of an integer: what a signed 64-bit number always holds
BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]')
SURROGATES = re.compile("[\ud800-\udfff]")
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def parse_json(body: bytes) -> Any:
    """Read one JSON value.

    Raises NotUtf8 (also UTF-16 and byte order marks), NotJson, DuplicateKey, NumberOutOfRange
    (NaN, infinities, 1e400, long integers), NullCharacter, TooDeep.
    """
    if body.startswith(BOMS) or b"\0" in body[:4]:
        raise NotUtf8
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotUtf8 from None
    _check_depth(body)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        raise NotJson from None
    if '"' in text:
        _check_text(value)
    return value


def _check_depth(body: bytes) -> None:
    depth = 0
    for match in BRACKETS.finditer(body):
        mark = body[match.start()]
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooDeep
        elif mark in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateKey
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise NumberOutOfRange
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NumberOutOfRange
    return number


def _no_constant(_name: str) -> None:
    raise NumberOutOfRange


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise NullCharacter
        if SURROGATES.search(value):
            raise NotUtf8
    elif isinstance(value, dict):
        for key, one in value.items():
            _check_text(key)
            _check_text(one)
    elif isinstance(value, list):
        for one in value:
            _check_text(one)
