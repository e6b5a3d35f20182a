"""An inventory that could not be meant is refused where it is written."""

import dataclasses

import pytest

from contracts.purposes import UnknownPurpose
from contracts.vocabulary import Ground
from shared.inventory import (
    Anonymise,
    Basis,
    Forever,
    Hold,
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


@pytest.mark.rule("R-POL-06")
def test_a_table_has_the_basis_of_the_purpose_it_serves() -> None:
    member = dataclasses.replace(club.MEMBER, basis=Basis.CONSENT, serves="newsletter.send")

    assert member.serves == "newsletter.send"
    with pytest.raises(ValueError, match="another legal basis"):
        dataclasses.replace(member, basis=Basis.CONTRACT)
    with pytest.raises(UnknownPurpose):
        dataclasses.replace(member, serves="club.mail")


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
    holds = club.INVENTORY.holds
    without = Inventory("club", club.INVENTORY.tables[:-1], holds=holds)
    unheld = Inventory("club", club.INVENTORY.tables)
    reworded = dataclasses.replace(
        club.NOTE, columns={**club.NOTE.columns, "text": NotPersonal("something else")}
    )
    changed = Inventory("club", (*club.INVENTORY.tables[:-1], reworded), holds=holds)
    same = Inventory("club", tuple(reversed(club.INVENTORY.tables)), holds=holds)

    digests = [each.sha256 for each in (club.INVENTORY, without, changed, unheld, same)]
    assert len(set(digests)) == 4
    assert digests[0] == digests[4]


def test_what_cannot_be_carried_out_is_refused() -> None:
    wrong = Hold("odd", Ground.CONTRACT, "hgb-257", {"seat": ("price",)})
    uncounted = dataclasses.replace(club.SEAT, erasure=Anonymise("note", ("town",), "counted"))

    with pytest.raises(ValueError, match="odd"):
        Inventory("club", club.INVENTORY.tables, holds=(wrong,))
    with pytest.raises(ValueError, match="aggregate"):
        Inventory("club", (club.MEMBER, uncounted, club.NOTE))


def test_a_root_is_no_plumbing() -> None:
    with pytest.raises(ValueError, match="Root"):
        Table(
            name="odd",
            purpose="p",
            columns={"subject_id": Root()},
            keep=Forever("x"),
            kind=Kind.PLUMBING,
        )
