"""What people agreed to stays as it was: a published wording never changes."""

import hashlib
from pathlib import Path

import pytest

from shared.web.language import Language
from shared.web.wordings import read_wordings

SERVICES = Path(__file__).parents[2] / "services"
FOLDERS = sorted(path for path in SERVICES.glob("*/wordings") if path.is_dir())


def test_there_are_wordings() -> None:
    assert FOLDERS


@pytest.mark.rule("R-POL-01")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_published_wording_never_changes(folder: Path) -> None:
    listed = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    found = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}"
        for file in sorted(folder.glob("*.txt"))
    ]

    assert found == listed, "write a new version, .v2, beside it, and add its line to SHA256SUMS"


@pytest.mark.rule("R-POL-01")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_later_version_says_since_when_and_whether_it_changes_what_is_agreed_to(
    folder: Path,
) -> None:
    wordings = read_wordings(folder.parent)

    later = {(one.id, one.version) for one in wordings.all if one.version > 1}
    assert later <= set(wordings.versions), (
        'write into versions.toml: ["<id>.v2"], effective_from = a day, material = true or false'
    )


@pytest.mark.rule("R-POL-03")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_a_wording_exists_in_both_languages(folder: Path) -> None:
    wordings = read_wordings(folder.parent).all

    versions = {(one.id, one.version) for one in wordings}
    assert len(wordings) == len(versions) * len(Language)
