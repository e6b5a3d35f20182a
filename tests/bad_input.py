"""Every class of bad input, once: an id, how it is sent, and which answers are right.

`tests/web` runs them against a probe form, `tests/house/test_bad_input.py` against every POST route
that exists. A class is a request, or builds one from a sample of good entries. MARKER is in most of
them: it may come back nowhere but escaped in a field, and be in no log and no table.
"""

import gzip
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx2

from shared.web.forms import FORM_ID, Field, Form, Kind
from shared.web.language import Language
from shared.web.parts import Web
from shared.web.questions import question_of

URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
FIELD_CONTENT = re.compile(r' value="[^"]*"|(?<=>)[^<]*</textarea>')
MIB = 1024 * 1024
MARKER = "zq7Marker"  # stands in every class where a person's text would


@dataclass(frozen=True)
class Sent:
    """A request's body and headers; `chunked` sends it without a length."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": URLENCODED})
    chunked: bool = False


Build = Callable[[Mapping[str, str]], Sent]


@dataclass(frozen=True)
class BadInput:
    """One class. `kind` says what it needs: `email`, `text`, or nothing (any body)."""

    id: str
    build: Build | Sent
    statuses: frozenset[int]
    kind: Kind | None = None


def sample(form: Form, web: Web, language: Language = Language.EN) -> dict[str, str]:
    """Give entries that a form accepts, from its own declaration."""
    entries = {one.name: _good(one) for one in form.fields}
    wordings = web.pages.wordings[form.service]
    entries |= {
        one.name: wordings.current(one.wording, language).sha256 for one in form.declarations
    }
    if form.once:
        entries[FORM_ID] = web.form_ids.make(form.key)
    if form.question:
        asked = question_of(web.form_ids, entries[FORM_ID])
        entries[form.question.name] = str(asked.first + asked.second)
    return entries


def _good(one: Field) -> str:
    goods = {
        Kind.EMAIL: "ada@example.org",
        Kind.TICK: "yes",
        Kind.CHOICE: one.choices[0] if one.choices else "",
        Kind.HIDDEN: "a" if one.mandatory else "",
    }
    return goods.get(one.kind, "Ada")


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


def _one(name: str, build: Build | Sent, *statuses: int, kind: Kind | None = None) -> BadInput:
    return BadInput(name, build, frozenset(statuses), kind)


def _set(kind: Kind, value: str) -> Build:
    """Put `value`, with `MARK` replaced, into the first field of a kind (see `request_of`)."""

    def build(entries: Mapping[str, str]) -> Sent:
        name = entries[f"first {kind}"]
        clean = {key: one for key, one in entries.items() if not key.startswith("first ")}
        return _form(_pairs({**clean, name: value.replace("MARK", MARKER)}))

    return build


def _with(name: str, *, json_body: bool) -> Build:
    """Add a field that no form has."""

    def build(entries: Mapping[str, str]) -> Sent:
        more = {**entries, name: MARKER}
        return _json(json.dumps(more)) if json_body else _form(_pairs(more))

    return build


ENCODINGS = (
    _one("nul-in-field", lambda entries: _form(_pairs(_put(entries, f"{MARKER}\0"))), 400),
    _one("nul-in-json", lambda entries: _json(json.dumps(_put(entries, f"{MARKER}\0"))), 400),
    _one("lone-surrogate", lambda entries: _json(_object(entries, f'"x": "{MARKER}\\ud800"')), 400),
    _one("nan", lambda entries: _json(_object(entries, '"x": NaN')), 400),
    _one("infinity", lambda entries: _json(_object(entries, '"x": -Infinity')), 400),
    _one("1e400", lambda entries: _json(_object(entries, '"x": 1e400')), 400),
    _one("5000-digits", lambda entries: _json(_object(entries, '"x": ' + "9" * 5000)), 400),
    _one(
        "duplicate-key", lambda entries: _json(_object(entries, f'"x": "{MARKER}", "x": "b"')), 400
    ),
    _one("text-for-number", lambda entries: _json(json.dumps({**entries, "number": "1"})), 422),
    _one("true-for-text", lambda entries: _json(json.dumps({**entries, "email": True})), 422),
    _one("true-for-number", lambda entries: _json(json.dumps({**entries, "number": True})), 422),
    _one("array", _json(json.dumps([MARKER])), 422),
    _one("half-json", _json(f'{{"email": "{MARKER}'), 400),
    _one("empty-json", _json(""), 400),
    _one("utf-8-bom", lambda entries: _json(b"\xef\xbb\xbf" + json.dumps(entries).encode()), 400),
    _one("utf-16", lambda entries: _json(json.dumps(entries).encode("utf-16-le")), 400),
    _one("utf-16-bom", lambda entries: _json(json.dumps(entries).encode("utf-16")), 400),
    _one("deep-array", _json('{"x": ' + "[" * 21 + "]" * 21 + "}"), 400),
    _one("deep-100000", _json("[" * 100_000), 400),
    _one("json-invalid-utf-8", _json(b'{"email": "\xff"}'), 400),
    _one(
        "repeated-field", lambda entries: _form(_pairs({**entries, "a": "1"}, ("a", MARKER))), 400
    ),
    _one("invalid-utf-8", lambda entries: _form(_pairs(entries) + b"&a=%ff%fe"), 400),
    _one("raw-bytes", lambda entries: _form(_pairs(entries) + b"&a=\xff"), 400),
    _one("overlong-utf-8", lambda entries: _form(_pairs(entries) + b"&a=%c0%80"), 400),
    _one("form-bom", lambda entries: _form(b"\xef\xbb\xbf" + _pairs(entries)), 400),
    _one("form-utf-16", lambda entries: _form(_pairs(entries).decode().encode("utf-16")), 400),
    _one(
        "other-charset",
        lambda entries: Sent(
            _pairs(entries), {"content-type": f"{URLENCODED}; charset=iso-8859-1"}
        ),
        400,
    ),
    _one("broken-multipart", _multipart({"a": MARKER}, close=False), 400),
    _one(
        "multipart-without-boundary",
        Sent(b"--x--\r\n", {"content-type": "multipart/form-data"}),
        400,
    ),
    _one("multipart-nul", _multipart({"a": f"{MARKER}\0"}), 400),
    _one("file", _multipart({"a": MARKER}, file='; filename="a.txt"'), 415),
    _one("plain-text", Sent(MARKER.encode(), {"content-type": "text/plain"}), 415),
    _one("xml", Sent(f"<a>{MARKER}</a>".encode(), {"content-type": "text/xml"}), 415),
)
SHAPES = (
    *(
        _one(f"unknown-{name}", _with(name, json_body=False), 422)
        for name in ("subject_id", "status", "role", "__proto__")
    ),
    *(
        _one(f"unknown-json-{name}", _with(name, json_body=True), 422)
        for name in ("subject_id", "status", "role", "__proto__")
    ),
    _one("1500-fields", _form(_pairs({f"f{n}": MARKER for n in range(1500)})), 413),
    _one("60-parts", _multipart({f"f{n}": MARKER for n in range(60)}), 413),
    _one("5-mb", _form(b"a=" + b"b" * 5 * MIB), 413),
    _one(
        "5-mb-chunked",
        Sent(b"a=" + b"b" * 5 * MIB, {"content-type": URLENCODED}, chunked=True),
        413,
    ),
    _one("65-kb", _form(b"a=" + b"b" * 65 * 1024), 413),
    _one("300-kb-json", _json(json.dumps({"a": "b" * 300_000})), 413),
    _one(
        "gzip",
        lambda entries: _form(gzip.compress(_pairs(entries)), **{"content-encoding": "gzip"}),
        415,
    ),
    _one(
        "gzip-json",
        lambda entries: _json(
            gzip.compress(json.dumps(entries).encode()), **{"content-encoding": "gzip"}
        ),
        415,
    ),
    _one(
        "two-lengths",
        lambda entries: _form(
            _pairs(entries),
            **{"transfer-encoding": "chunked", "content-length": str(len(_pairs(entries)))},
        ),
        400,
    ),
    _one(
        "cross-site",
        lambda entries: _form(
            _pairs(entries), **{"sec-fetch-site": "cross-site", "origin": "https://x.example"}
        ),
        403,
    ),
    _one("origin-null", lambda entries: _form(_pairs(entries), origin="null"), 403),
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


def request_of(bad: BadInput, form: Form | None, entries: Mapping[str, str]) -> Sent:
    """Build one class's request for a route with these good entries."""
    if isinstance(bad.build, Sent):
        return bad.build
    if bad.kind is None or form is None:
        return bad.build(entries)
    first = next(one.name for one in form.fields if one.kind is bad.kind)
    return bad.build({**entries, f"first {bad.kind}": first})


async def post(client: httpx2.AsyncClient, path: str, sent: Sent) -> httpx2.Response:
    """Send it, in pieces if it has no length."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(sent.body), 64 * 1024):
            yield sent.body[start : start + 64 * 1024]

    content = pieces() if sent.chunked else sent.body
    return await client.post(path, content=content, headers=dict(sent.headers))


def faults(answer: httpx2.Response, language: Language, logged: str) -> list[str]:
    """Name everything that is wrong with the answer to bad input; empty is right."""
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        title = "<title>Fehler: " if language is Language.DE else "<title>Error: "
        said = FIELD_CONTENT.sub("", answer.text)
        right = title in answer.text and f'<html lang="{language}">' in answer.text
    else:
        said = answer.text
        right = kind == "application/problem+json" and len(answer.json()["title"]) > 20
    found = {
        "is no refusal": not 400 <= answer.status_code < 500,
        "does not say what to do, in the page's language": not right,
        "returns what was sent outside of a field": MARKER in said,
        "is in a log": MARKER in logged,
        "lacks its headers": "default-src 'none'"
        not in answer.headers.get("content-security-policy", ""),
    }
    return [name for name, wrong in found.items() if wrong]
