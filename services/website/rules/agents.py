"""Browser and operating system from what a browser says of itself; the rest of it is dropped."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ua_parser import parse_os, parse_user_agent

MAX_AGENT_CHARS: Final = 512
MAX_NAME_CHARS: Final = 60


@dataclass(frozen=True, slots=True)
class Device:
    """Name and main version of browser and operating system; empty where not known."""

    browser: str
    system: str


@lru_cache(maxsize=20_000)
def read_agent(header: str) -> Device:
    """Read a `User-Agent` header: families and main versions, nothing that is rarer than that."""
    # Half a pair of surrogates is no text: the parser would raise on it.
    header = header[:MAX_AGENT_CHARS].encode("utf-8", "replace").decode()
    if not header or header == "-":
        return Device("", "")
    browser, system = parse_user_agent(header), parse_os(header)
    return Device(
        _named(browser.family, browser.major) if browser else "",
        _named(system.family, system.major) if system else "",
    )


def _named(family: str, major: str | None) -> str:
    return (f"{family} {major}" if major else family)[:MAX_NAME_CHARS]
