"""Which data protection policy the forms show: version and digest, kept as evidence (R-ACC-05)."""

import hashlib
import tomllib
from datetime import date
from functools import lru_cache
from pathlib import Path

from services.registration.settings import configured


def presented_policy(lang: str, on: date) -> tuple[str, str]:
    """Give version and digest (hex) of the policy that is in force on a day in a language."""
    return _read(configured().policy, lang, on)


@lru_cache(maxsize=16)
def _read(folder: Path, lang: str, on: date) -> tuple[str, str]:
    versions = tomllib.loads((folder / "versions.toml").read_text("utf-8"))["version"]
    held = [one["number"] for one in versions if one["effective_from"] <= on]
    number = max(held, default=min(one["number"] for one in versions))
    content = (folder / f"policy.v{number}.{lang}.md").read_bytes()
    return str(number), hashlib.sha256(content).hexdigest()
