"""A version holds from its day; a material one ends what older consents count for."""

from datetime import date
from pathlib import Path

import pytest

from shared.web.language import Language
from shared.web.wordings import BadVersions, UnknownWording, Wordings, read_wordings

BEFORE, SINCE = date(2026, 12, 31), date(2027, 1, 1)


def published(
    folder: Path, versions: str, *, texts: tuple[str, ...] = ("mail.v1", "mail.v2", "mail.v3")
) -> Wordings:
    """Write a folder of wordings in both languages."""
    (folder / "wordings").mkdir()
    for name in texts:
        for language in Language:
            (folder / "wordings" / f"{name}.{language.value}.txt").write_text(f"{name} {language}")
    (folder / "wordings" / "versions.toml").write_text(versions)
    return read_wordings(folder)


def said(name: str, *, material: bool) -> str:
    return f'["{name}"]\neffective_from = {SINCE}\nmaterial = {str(material).lower()}\n'


@pytest.mark.rule("R-POL-01")
def test_an_older_consent_stops_counting_with_a_material_change_and_on_its_day(
    tmp_path: Path,
) -> None:
    wordings = published(tmp_path, said("mail.v2", material=True) + said("mail.v3", material=False))

    assert [wordings.counts("mail", version, BEFORE) for version in (1, 2, 3)] == [True, True, True]
    assert [wordings.counts("mail", version, SINCE) for version in (1, 2, 3)] == [False, True, True]


@pytest.mark.rule("R-POL-01")
def test_what_nobody_published_counts_for_nothing(tmp_path: Path) -> None:
    wordings = published(tmp_path, "", texts=("mail.v1",))

    assert wordings.counts("mail", 1)
    assert not wordings.counts("mail", 2)
    assert not wordings.counts("letter", 1)


def test_a_version_is_shown_from_its_day(tmp_path: Path) -> None:
    wordings = published(tmp_path, said("mail.v2", material=True), texts=("mail.v1", "mail.v2"))

    assert wordings.current("mail", Language.DE, BEFORE).version == 1
    assert wordings.current("mail", Language.DE, SINCE).version == 2
    with pytest.raises(UnknownWording):
        wordings.current("letter", Language.DE)


def test_a_wording_is_found_by_its_digest(tmp_path: Path) -> None:
    wordings = published(tmp_path, "")

    shown = wordings.all[0]
    assert wordings.by_sha256(shown.sha256) is shown
    assert wordings.by_sha256("0" * 64) is None


@pytest.mark.parametrize(
    "versions",
    [
        said("letter.v1", material=True),
        '["mail.v2"]\nmaterial = true\n',
        f'["mail.v2"]\neffective_from = {SINCE}\n',
        f'["mail.v2"]\neffective_from = {SINCE}\nmaterial = "yes"\n',
        '["mail.v2"]\neffective_from = 2027-01-01T00:00:00\nmaterial = true\n',
        f'["mail.v2"]\neffective_from = {SINCE}\nmaterial = true\nby = "somebody"\n',
    ],
)
def test_versions_that_say_too_little_are_refused(tmp_path: Path, versions: str) -> None:
    with pytest.raises(BadVersions):
        published(tmp_path, versions)
