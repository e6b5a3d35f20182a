"""Paths and referrers as a log may keep them: no query, no fragment, nothing secret (R-LOG-03)."""

import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote

MAX_PATH_CHARS: Final = 300
MAX_SEGMENT_CHARS: Final = 80
MAX_TERM_CHARS: Final = 120
MAX_QUERY_CHARS: Final = 4_000
HIDDEN: Final = "{}"  # stands for a part of a path that was not kept

# What follows one of these in a path is a secret of somebody, whatever it looks like.
BEFORE_SECRETS: Final = frozenset(
    (
        *("reset", "token", "confirm", "confirmation", "confirmations", "verify", "unsubscribe"),
        *("activate", "activation", "invite", "invitation", "login", "session", "sessions"),
        *("password", "passwort", "user", "users", "account", "konto", "preferences", "consent"),
        *("email", "mail", "code", "auth", "sent", "requests", "seat", "survey"),
    )
)
# Search engines and the parameter that holds what was searched for.
ENGINES: Final = {
    "google": "q",
    "bing": "q",
    "duckduckgo": "q",
    "ecosia": "q",
    "qwant": "q",
    "yahoo": "p",
    "startpage": "query",
    "yandex": "text",
    "baidu": "wd",
}
DOWNLOADS: Final = frozenset({"pdf", "zip", "docx", "xlsx", "pptx", "epub", "csv", "mp4"})

_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_PIECES: Final = re.compile(r"[-_.~]+")
_LONG_NUMBER: Final = re.compile(r"[0-9]{5,}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{8,}")
_MAX_PIECE_CHARS: Final = 24
_MAX_TURNS: Final = 2  # between letters and digits in one piece: v2 and A4b, not a8f3k2
_HOST: Final = re.compile(r"(?:https?:)?//(?:[^/?#]*@)?([A-Za-z0-9.-]+)(?::[0-9]+)?(?=[/?#]|$)")


@dataclass(frozen=True, slots=True)
class Referrer:
    """Where a visit came from: host and cleaned path in one; the term if it was a search."""

    url: str
    term: str


@lru_cache(maxsize=65_536)
def clean_path(target: str) -> str:
    """Give the path of a request target without query, fragment and secrets.

    A segment that could be a token, an id, an address or a number of somebody becomes `{}`. It is
    better to lose the name of a file than to keep one link that signs somebody in.
    """
    path = re.split("[?#;]", target, maxsplit=1)[0]
    host = _HOST.match(path)
    path = path[host.end() :] if host else path
    if not path.startswith("/") or len(path) > MAX_PATH_CHARS:
        return "/" if path in {"", "*"} else HIDDEN
    hidden = False
    kept = []
    for segment in path.split("/")[1:]:
        safe = not segment or (not hidden and is_harmless(segment))
        kept.append(segment if safe else HIDDEN)
        hidden = hidden or segment.lower() in BEFORE_SECRETS
    return "/" + "/".join(kept)


def is_harmless(segment: str) -> bool:
    """Say whether a part of a path is a name that people give to pages and files."""
    if not _SEGMENT.fullmatch(segment) or len(segment) > MAX_SEGMENT_CHARS:
        return False
    return not any(_could_be_secret(piece) for piece in _PIECES.split(segment))


def _could_be_secret(piece: str) -> bool:
    if len(piece) > _MAX_PIECE_CHARS or _LONG_NUMBER.search(piece):
        return True
    digits = [character.isdigit() for character in piece]
    turns = sum(one != other for one, other in itertools.pairwise(digits))
    if turns > _MAX_TURNS or (_HEX.fullmatch(piece) and any(digits)):
        return True
    # Words have capitals at their beginning or throughout: qRtZbWx is no word.
    inner = piece[1:]
    changes = sum(one.islower() and other.isupper() for one, other in itertools.pairwise(inner))
    return changes > _MAX_TURNS


def is_download(path: str) -> bool:
    """Say whether a path names a file that people download, by its ending."""
    name = path.rpartition("/")[2]
    return "." in name and name.rpartition(".")[2].lower() in DOWNLOADS


def is_page(path: str) -> bool:
    """Say whether a path is a page that people look at: no ending, or one of pages."""
    name = path.rpartition("/")[2]
    return "." not in name or name.rpartition(".")[2].lower() in {"html", "htm", "php"}


@lru_cache(maxsize=65_536)
def clean_referrer(url: str) -> Referrer:
    """Give a referrer as host and cleaned path, and the search term of a known engine.

    Credentials, port, query and fragment are dropped; what is no web address gives nothing.
    """
    match = _HOST.match(url)
    if match is None:
        return Referrer("", "")
    host, rest = match[1].lower().strip("."), url[match.end() :]
    path, _, query = rest.partition("#")[0].partition("?")
    return Referrer(host + (clean_path(path) if path else ""), _term(host, query))


def _term(host: str, query: str) -> str:
    """Give what was searched for; not if it could be somebody's address."""
    engine = next((name for name in host.split(".") if name in ENGINES), None)
    if engine is None or not query or len(query) > MAX_QUERY_CHARS:
        return ""
    wanted = ENGINES[engine]
    found = next((value for name, value in parse_qsl(query) if name == wanted), "")
    words = " ".join(unquote(found).split())
    if "@" in words or not words.isprintable() or _LONG_NUMBER.search(words):
        return ""
    return words[:MAX_TERM_CHARS]
