"""Logs that cannot name anybody: fixed events, a closed list of fields, errors by class and place.

Our own code writes `log.warning("relay-backs-off", service=..., error=error)`. Lines of other
libraries keep logger, level, place, and their text only where it stands so in their source, so
that nothing filled in gets through. Each line is one JSON object.
"""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, TextIO

import orjson
import structlog

FIELDS: Final = frozenset(
    {
        *("event", "level", "at", "logger", "error", "place", "process", "service", "services"),
        *("topic", "partition", "offset", "line", "kind", "type", "count", "tries", "attempt"),
        *("port", "seconds", "bytes", "status", "method", "route", "trace", "state", "version"),
        *("role", "name"),
    }
)
_ROOT: Final = str(Path(__file__).parents[1]) + "/"
_LIBRARIES: Final = "site-packages/"
_ROOMS: Final = ("contracts/", "shared/", "services/", "demo/", "tests/")
_EVENT: Final = re.compile(r"[a-z][a-z0-9 ,':-]{1,80}")
_VALUE: Final = re.compile(r"[A-Za-z0-9_.:/{}\[\] -]{0,120}")  # no @, nothing beyond ASCII
_SOURCE_BYTES: Final = 1_000_000

log: Any = structlog.get_logger()


class UnknownField(Exception):  # noqa: N818
    """This field or value may not be logged: see FIELDS in shared/logs.py."""


def set_up_logs(
    process: str, *, sink: TextIO | None = None, strict: bool = False, level: int = logging.INFO
) -> None:
    """Send every log line of this process to `sink` (default: standard error), as JSON.

    `strict` (tests): an unknown field raises UnknownField where it would be dropped otherwise.
    """
    sink = sink or sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _Restrict(process, strict=strict),
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sink),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sink)
    handler.setFormatter(_ForeignFormatter(process))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "aiokafka", "asyncpg"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"  # a path may hold a mailed token
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught


def place_of(error: BaseException) -> str:
    """Name the innermost file and line of ours that led to it; the one that raised if none is."""
    traceback = walk_tb(error.__traceback__)
    places = [_short(frame.f_code.co_filename, line) for frame, line in traceback]
    ours = [place for place in places if place.startswith(_ROOMS)]
    return (ours or places or ["-"])[-1]


def _short(path: str, line: int) -> str:
    name = path.removeprefix(_ROOT)
    name = name.rpartition(_LIBRARIES)[2] if _LIBRARIES in name else name
    return f"{name}:{line}"


class _Restrict:
    """Keeps what FIELDS names and what can be nobody's name or address."""

    def __init__(self, process: str, *, strict: bool) -> None:
        self._process = process
        self._strict = strict

    def __call__(
        self, logger: Any, method: str, given: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Make the line (a structlog processor)."""
        del logger, method
        shown: dict[str, Any] = {"at": _now(), "process": self._process}
        trouble = given.pop("exc_info", None)
        error = sys.exception() if trouble is True else trouble
        if isinstance(error, BaseException):
            given.setdefault("error", error)
        for name, value in given.items():
            if name == "error" and isinstance(value, BaseException):
                shown |= {"error": type(value).__name__, "place": place_of(value)}
            elif self._may(name, value):
                shown[name] = value.value if isinstance(value, Enum) else value
            elif self._strict:
                raise UnknownField(name)
        return shown

    @staticmethod
    def _may(name: str, value: object) -> bool:
        if name not in FIELDS:
            return False
        if name == "event":
            return isinstance(value, str) and _EVENT.fullmatch(value) is not None
        if isinstance(value, str):
            return _VALUE.fullmatch(value) is not None
        if isinstance(value, list | tuple):
            return all(isinstance(each, str) and _VALUE.fullmatch(each) for each in value)
        return value is None or isinstance(value, bool | int | float)


class _ForeignFormatter(logging.Formatter):
    """Says of another library's line who, how grave, where, and what its source says."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; arguments are never filled in."""
        shown = {
            "at": _now(),
            "process": self._process,
            "level": record.levelname.lower(),
            "logger": record.name,
            "place": _short(record.pathname, record.lineno),
        }
        if isinstance(record.msg, str) and record.msg in _source(record.pathname):
            shown["event"] = record.msg
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            shown |= {"error": type(error).__name__, "place": place_of(error)}
        return _json(shown)


@lru_cache(maxsize=256)
def _source(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_SOURCE_BYTES)
    except OSError:
        return ""


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    del kind
    if isinstance(error, KeyboardInterrupt):
        return
    for leaf in _leaves(error.with_traceback(traceback)):
        log.critical("uncaught", error=leaf)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Give what a task group gathered, one by one: the group's own place says nothing."""
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for one in error.exceptions:
        yield from _leaves(one)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(value: object, **_: object) -> str:
    return orjson.dumps(value).decode()
