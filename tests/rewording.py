"""Wordings after a material change: what an operator writes into `wordings/`, in another folder."""

import shutil
from pathlib import Path

from shared.web.wordings import Wordings, read_wordings

SINCE = "2026-01-01"


def reworded(folder: Path, parent: Path, *ids: str) -> Wordings:
    """Copy a service's wordings to `parent`, with a second version of these that changed them."""
    shutil.copytree(folder / "wordings", parent / "wordings", dirs_exist_ok=True)
    versions = []
    for one in ids:
        for lang in ("de", "en"):
            (parent / "wordings" / f"{one}.v2.{lang}.txt").write_text(
                f"New words of {one}, {lang}."
            )
        versions.append(f'["{one}.v2"]\neffective_from = {SINCE}\nmaterial = true\n')
    (parent / "wordings" / "versions.toml").write_text("".join(versions))
    return read_wordings(parent)
