"""Country and provider of an address, from files of the operator's: nobody is asked (R-LOG-02)."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import maxminddb

from services.website.rules.lines import Lookup, unknown

MAX_NAME_CHARS: Final = 80
CACHED: Final = 65_536  # addresses: visitors ask for more than one file


def country_lookup(path: Path | None) -> Lookup:
    """Open a MaxMind DB with `country.iso_code`; without a file nothing is known.

    Raises OSError or maxminddb.InvalidDatabaseError for a file that is none.
    """
    return unknown if path is None else _lookup(path, _country)


def provider_lookup(path: Path | None) -> Lookup:
    """Open a MaxMind DB with `autonomous_system_organization` or `isp`; else as for countries."""
    return unknown if path is None else _lookup(path, _provider)


def _lookup(path: Path, read: Callable[[Any], str]) -> Lookup:
    database = maxminddb.open_database(path)
    versions = {4} if database.metadata().ip_version == 4 else {4, 6}  # noqa: PLR2004

    @lru_cache(maxsize=CACHED)
    def look(address: str) -> str:
        if ip_address(address).version not in versions:
            return ""
        return read(database.get(address))

    return look


def _country(record: Any) -> str:
    code = record.get("country", {}).get("iso_code", "") if isinstance(record, dict) else ""
    return code if isinstance(code, str) and len(code) == 2 and code.isalpha() else ""  # noqa: PLR2004


def _provider(record: Any) -> str:
    if not isinstance(record, dict):
        return ""
    name = record.get("isp") or record.get("autonomous_system_organization") or ""
    return name[:MAX_NAME_CHARS] if isinstance(name, str) and name.isprintable() else ""
