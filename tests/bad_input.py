"""Every class of bad input, once: an id, how it is sent, and which answers are right.

`tests/web` runs them against a probe form, `tests/house/test_bad_input.py` against every POST route
that exists. A class builds a request from a sample of good entries and a marker, a text that must
come back nowhere but escaped in a field, and be in no log and no table.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from shared.web.forms import FORM_ID, Declaration, Field, Form, Kind
from shared.web.parts import Web
from shared.web.language import Language

URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Sent:
    """A request's body and headers; `chunked` sends it without a length."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": URLENCODED})
    chunked: bool = False


Build = Callable[[Mapping[str, str], str], Sent]


@dataclass(frozen=True)
class BadInput:
    """One class. `kind` says what it needs: `email`, `text`, or nothing (any body)."""

    id: str
    build: Build
    statuses: frozenset[int]
    kind: Kind | None = None


def sample(form: Form, web: Web, language: Language = Language.EN) -> dict[str, str]:
    """Give entries that a form accepts, from its own declaration."""
    entries = {one.name: _good(one) for one in form.fields}
    wordings = web.pages.wordings[form.service]
    entries |= {one.name: _agreed(one, wordings, language) for one in form.declarations}
    if form.once:
        entries[FORM_ID] = web.form_ids.make(form.key)
    return entries


def _good(one: Field) -> str:
    goods = {
        Kind.EMAIL: "ada@example.org",
        Kind.TICK: "yes",
        Kind.CHOICE: one.choices[0] if one.choices else "",
        Kind.HIDDEN: "",
    }
    return goods.get(one.kind, "Ada")


def _agreed(one: Declaration, wordings: object, language: Language) -> str:
    return str(wordings.current(one.wording, language).sha256)  # type: ignore[attr-defined]


def _form(body: bytes, **headers: str) -> Sent:
    return Sent(body, {"content-type": URLENCODED, **headers})


def _json(text: str | bytes, **headers: str) -> Sent:
    body = text.encode("utf-8") if isinstance(text, str) else text
    return Sent(body, {"content-type": JSON, "accept": JSON, **headers})


def _put(entries: Mapping[str, str], value: str) -> dict[str, str]:
    """Put a value into the field that stands first, or into a field of its own."""
    name = next(iter(entries), "email")
    return {**entries, name: value}


def _pairs(entries: Mapping[str, str], *more: tuple[str, str]) -> bytes:
    return urlencode([*entries.items(), *more]).encode()


def _object(entries: Mapping[str, str], extra: str) -> str:
    """Write entries as a JSON object whose last member is raw text."""
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items()]
    return "{" + ", ".join([*members, extra]) + "}"


def _multipart(entries: Mapping[str, str], *, close: bool = True, file: str = "") -> Sent:
    parts = [
        f'--x\r\ncontent-disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
        for name, value in entries.items()
    ]
    body = "".join(parts) + ("--x--\r\n" if close else "")
    return Sent(body.encode(), {"content-type": "multipart/form-data; boundary=x"})


def _one(name: str, build: Build, *statuses: int, kind: Kind | None = None) -> BadInput:
    return BadInput(name, build, frozenset(statuses), kind)


def _set(kind: Kind, value: str) -> Build:
    """Put `value`, with `MARK` replaced, into the first field of a kind (see `applies`)."""

    def build(entries: Mapping[str, str], marker: str) -> Sent:
        name = entries[f"first {kind}"]
        clean = {key: one for key, one in entries.items() if not key.startswith("first ")}
        return _form(_pairs({**clean, name: value.replace("MARK", marker)}))

    return build


ENCODINGS = (
    _one("nul-in-field", lambda e, m: _form(_pairs(_put(e, f"{m}\0"))), 400),
    _one("nul-in-json", lambda e, m: _json(json.dumps(_put(e, f"{m}\0"))), 400),
    _one("lone-surrogate", lambda e, m: _json(_object(e, f'"x": "{m}\\ud800"')), 400),
    _one("nan", lambda e, m: _json(_object(e, '"x": NaN')), 400),
    _one("infinity", lambda e, m: _json(_object(e, '"x": -Infinity')), 400),
    _one("1e400", lambda e, m: _json(_object(e, '"x": 1e400')), 400),
    _one("5000-digits", lambda e, m: _json(_object(e, '"x": ' + "9" * 5000)), 400),
    _one("duplicate-key", lambda e, m: _json(_object(e, f'"x": "{m}", "x": "b"')), 400),
    _one("text-for-number", lambda e, m: _json(json.dumps({**e, "number": "1"})), 422),
    _one("true-for-text", lambda e, m: _json(json.dumps({**e, "email": True})), 422),
    _one("true-for-number", lambda e, m: _json(json.dumps({**e, "number": True})), 422),
    _one("array", lambda e, m: _json(json.dumps([m])), 422),
    _one("half-json", lambda e, m: _json(f'{{"email": "{m}'), 400),
    _one("empty-json", lambda e, m: _json(""), 400),
    _one("utf-8-bom", lambda e, m: _json(b"\xef\xbb\xbf" + json.dumps(e).encode()), 400),
    _one("utf-16", lambda e, m: _json(json.dumps(e).encode("utf-16-le")), 400),
    _one("utf-16-bom", lambda e, m: _json(json.dumps(e).encode("utf-16")), 400),
    _one("deep-array", lambda e, m: _json('{"x": ' + "[" * 21 + "]" * 21 + "}"), 400),
    _one("deep-100000", lambda e, m: _json("[" * 100_000), 400),
    _one("json-invalid-utf-8", lambda e, m: _json(b'{"email": "\xff"}'), 400),
    _one("repeated-field", lambda e, m: _form(_pairs({**e, "a": "1"}, ("a", m))), 400),
    _one("invalid-utf-8", lambda e, m: _form(_pairs(e) + b"&a=%ff%fe"), 400),
    _one("raw-bytes", lambda e, m: _form(_pairs(e) + b"&a=\xff"), 400),
    _one("overlong-utf-8", lambda e, m: _form(_pairs(e) + b"&a=%c0%80"), 400),
    _one("form-bom", lambda e, m: _form(b"\xef\xbb\xbf" + _pairs(e)), 400),
    _one("form-utf-16", lambda e, m: _form(_pairs(e).decode().encode("utf-16")), 400),
    _one(
        "other-charset",
        lambda e, m: Sent(_pairs(e), {"content-type": f"{URLENCODED}; charset=iso-8859-1"}),
        400,
    ),
    _one("broken-multipart", lambda e, m: _multipart({"a": m}, close=False), 400),
    _one(
        "multipart-without-boundary",
        lambda e, m: Sent(b"--x--\r\n", {"content-type": "multipart/form-data"}),
        400,
    ),
    _one("multipart-nul", lambda e, m: _multipart({"a": f"{m}\0"}), 400),
    _one("file", lambda e, m: _multipart({"a": m}, file='; filename="a.txt"'), 415),
    _one("plain-text", lambda e, m: Sent(m.encode(), {"content-type": "text/plain"}), 415),
    _one("xml", lambda e, m: Sent(f"<a>{m}</a>".encode(), {"content-type": "text/xml"}), 415),
)
SHAPES = (
    *(
        _one(f"unknown-{name}", lambda e, m, name=name: _form(_pairs({**e, name: m})), 422)  # type: ignore[misc]
        for name in ("subject_id", "status", "role", "__proto__")
    ),
    *(
        _one(f"unknown-json-{name}", lambda e, m, name=name: _json(json.dumps({**e, name: m})), 422)  # type: ignore[misc]
        for name in ("subject_id", "status", "role", "__proto__")
    ),
    _one("1500-fields", lambda e, m: _form(_pairs({f"f{n}": m for n in range(1500)})), 413),
    _one("60-parts", lambda e, m: _multipart({f"f{n}": m for n in range(60)}), 413),
    _one("5-mb", lambda e, m: _form(b"a=" + b"b" * 5 * MIB), 413),
    _one(
        "5-mb-chunked",
        lambda e, m: Sent(b"a=" + b"b" * 5 * MIB, {"content-type": URLENCODED}, chunked=True),
        413,
    ),
    _one("65-kb", lambda e, m: _form(b"a=" + b"b" * 65 * 1024), 413),
    _one("300-kb-json", lambda e, m: _json(json.dumps({"a": "b" * 300_000})), 413),
    _one(
        "gzip",
        lambda e, m: _form(gzip.compress(_pairs(e)), **{"content-encoding": "gzip"}),
        415,
    ),
    _one(
        "gzip-json",
        lambda e, m: _json(gzip.compress(json.dumps(e).encode()), **{"content-encoding": "gzip"}),
        415,
    ),
    _one(
        "two-lengths",
        lambda e, m: _form(
            _pairs(e), **{"transfer-encoding": "chunked", "content-length": str(len(_pairs(e)))}
        ),
        400,
    ),
    _one(
        "cross-site",
        lambda e, m: _form(
            _pairs(e), **{"sec-fetch-site": "cross-site", "origin": "https://x.example"}
        ),
        403,
    ),
    _one("origin-null", lambda e, m: _form(_pairs(e), origin="null"), 403),
)
ADDRESSES = tuple(
    _one(f"address-{name}", _set(Kind.EMAIL, value), 422, kind=Kind.EMAIL)
    for name, value in {
        "with-name": "Bob MARK <bob@example.org>",
        "65-characters": f"{'a' * 65}@example.org",
        "255-characters": f"MARK@{'a' * 60}.{'b' * 60}.{'c' * 60}.{'d' * 60}.example.org",
        "crlf": "ada@example.org\r\nBcc: MARK@example.org",
        "lf": "ada@example.org\nMARK",
        "two": "ada@example.org, MARK@example.org",
        "two-semicolon": "ada@example.org;MARK@example.org",
        "two-ats": "ada@MARK@example.org",
        "no-at": "MARK.example.org",
        "no-local-part": "@MARK.example.org",
        "no-dot": "MARK@localhost",
        "quoted": '"a MARK"@example.org',
        "comment": "ada(MARK)@example.org",
        "literal": "MARK@[127.0.0.1]",
        "homoglyph": "\u0430d\u0430MARK@example.org",
        "zero-width": "ad\u200ba@MARK.example.org",
        "zero-width-domain": "MARK@exam\u200dple.org",
        "override": "\u202eMARK@example.org",
        "fullwidth-at": "MARK\uff20example.org",
        "emoji": "\U0001f600MARK@example.org",
        "two-dots": "a..MARK@example.org",
        "escape": "ada@example.org\x1b[31mMARK",
        "mailto": "mailto:MARK@example.org",
        "too-long": "MARK" * 3000,
    }.items()
)
TEXTS = tuple(
    _one(f"text-{name}", _set(Kind.TEXT, value), 422, kind=Kind.TEXT)
    for name, value in {
        "override": "MARK\u202egro.elpmaxe",
        "isolate": "\u2067MARK",
        "zero-width": "MARK\u200b",
        "bom": "MARK\ufeff",
        "crlf": "Ada\r\nBcc: MARK",
        "tab": "Ada\tMARK",
        "escape": "\x1b]0;MARK\x07",
        "delete": "MARK\x7f",
        "c1": "MARK\x9b31m",
        "line-separator": "MARK\u2028",
        "too-long": "MARK" * 3000,
    }.items()
)
BAD = (*ENCODINGS, *SHAPES, *ADDRESSES, *TEXTS)

# What people are called, and what looks dangerous: taken as it is, and inert wherever it is shown.
INERT = {
    "combining-marks": "A\u0308nne\u0301e",
    "one-letter": "Ö",
    "apostrophes": "O\u2019Brien-d'Arc",
    "arabic": "\u0645\u062d\u0645\u062f",
    "hebrew-with-mark": "\u05d3\u05d5\u05d3\u200f",
    "persian-with-joiner": "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
    "script": "<script>alert(1)</script>",
    "attribute": '" autofocus onfocus=alert(1) x="',
    "template": "{{7*7}}${7*7}#{7*7}{%7%}",
    "format": "%s%n{0.__class__}",
    "lookup": "${jndi:ldap://127.0.0.1/a}",
    "formula": '=HYPERLINK("http://127.0.0.1";"x")',
    "sql": "'); drop table subject; --",
    "shell": "$(id)`id`",
}


def applies(bad: BadInput, form: Form | None) -> bool:
    """Say whether a class needs a field that the route's form does not have."""
    if bad.kind is None:
        return True
    return form is not None and any(one.kind is bad.kind for one in form.fields)


def request_of(bad: BadInput, form: Form | None, entries: Mapping[str, str], marker: str) -> Sent:
    """Build one class's request for a route with these good entries."""
    if bad.kind is None:
        return bad.build(entries, marker)
    assert form is not None
    first = next(one.name for one in form.fields if one.kind is bad.kind)
    return bad.build({**entries, f"first {bad.kind}": first}, marker)
