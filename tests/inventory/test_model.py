"""An inventory that could not be meant is refused where it is written."""

import dataclasses

import pytest

from shared.inventory import (
    Basis,
    Forever,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Table,
    UntilWithdrawn,
)
from tests.database import slice as club

EMAIL = Personal("address that joined")


def test_a_slice_table_hangs_on_its_subject() -> None:
    with pytest.raises(ValueError, match="subject_id"):
        Table(
            name="loose",
            purpose="p",
            columns={"email": EMAIL},
            keep=UntilWithdrawn(),
            basis=Basis.CONSENT,
        )


@pytest.mark.rule("R-POL-06")
def test_what_is_personal_has_a_basis() -> None:
    with pytest.raises(ValueError, match="legal basis"):
        dataclasses.replace(club.MEMBER, basis=None)


@pytest.mark.rule("R-POL-07")
def test_what_is_personal_has_an_end() -> None:
    with pytest.raises(ValueError, match="an end"):
        dataclasses.replace(club.MEMBER, keep=Forever("we like it"))


def test_plumbing_names_nobody() -> None:
    with pytest.raises(ValueError, match="personal"):
        dataclasses.replace(club.NOTE, columns={"text": EMAIL})


def test_a_table_stands_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        _ = Inventory("club", (club.MEMBER, club.MEMBER)).all_tables


def test_the_digest_says_everything() -> None:
    without = Inventory("club", club.INVENTORY.tables[:-1])
    reworded = dataclasses.replace(
        club.NOTE, columns={**club.NOTE.columns, "text": NotPersonal("something else")}
    )
    changed = Inventory("club", (*club.INVENTORY.tables[:-1], reworded))
    same = Inventory("club", tuple(reversed(club.INVENTORY.tables)))

    digests = [each.sha256 for each in (club.INVENTORY, without, changed, same)]
    assert len(set(digests)) == 3
    assert digests[0] == digests[3]


def test_a_root_is_no_plumbing() -> None:
    with pytest.raises(ValueError, match="Root"):
        Table(
            name="odd",
            purpose="p",
            columns={"subject_id": Root()},
            keep=Forever("x"),
            kind=Kind.PLUMBING,
        )
