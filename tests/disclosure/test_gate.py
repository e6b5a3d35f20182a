"""Nothing is passed on but by one of four cases, and nothing at all by newsletter and contact."""

import io
import json
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.purposes import INSIDE, PURPOSES
from shared.database import Database, Transaction
from shared.disclosure import (
    ByContract,
    ByLaw,
    Consented,
    NotDisclosed,
    Transfer,
    Weighed,
    disclose,
    object_to,
)
from shared.disclosure import gate as gates
from shared.disclosure.recipients import DEFAULT, Recipient, Recipients, Weighing, read_recipients
from shared.logs import set_up_logs
from shared.settings import SettingsError
from tests.database import slice as club

WEIGHED = Weighing(reference="fraud-2026", purposes=frozenset({"security.flood"}))
RECIPIENTS: Recipients = {
    **read_recipients(DEFAULT),
    "watch": Recipient(name="Watch", country="DE", transfer="eu", weighings=(WEIGHED,)),
    "nowhere": Recipient(
        name="Nowhere", country="US", transfer="none", purposes=frozenset({"event.material"})
    ),
}


class Wordings:
    """Says that only version 2 of a wording counts."""

    def counts(self, wording: str, version: int) -> bool:
        """Say whether a consent to this version counts."""
        return (wording, version) == ("material", 2)


async def agreed(
    tx: Transaction, subject: UUID, purpose: str = "event.material", version: str = "2"
) -> UUID:
    """Give a consent of a subject."""
    consent = uuid4()
    await tx.execute(
        "insert into consent values ($1, $2, $3, 'material', $4, '', 'de', 'f', now())",
        consent, subject, purpose, version,
    )  # fmt: skip
    return consent


def by_post(ground: Any = None, **changes: Any) -> Transfer:
    """Hand name and address to whoever posts, for reading material."""
    fields = {
        "recipient": "post",
        "purpose": "event.material",
        "categories": ("name", "postal-address"),
        "ground": ground,
    }
    return Transfer(**{**fields, **changes})


async def written(tx: Transaction, subject: UUID) -> list[tuple[str, ...]]:
    rows = await tx.fetch(
        "select recipient, purpose, basis, reference from disclosure where subject_id = $1", subject
    )
    return [tuple(row) for row in rows]


@pytest.mark.rule("R-3P-01")
async def test_a_live_consent_to_this_recipient_opens_and_is_written_down(eraser: Database) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        consent = await agreed(tx, ada)

        await disclose(tx, ada, by_post(Consented(consent)), RECIPIENTS, Wordings())
        rows = await written(tx, ada)

    assert rows == [("post", "event.material", "a", str(consent))]


@pytest.mark.rule("R-3P-01")
@pytest.mark.parametrize(
    ("case", "refusal"),
    [
        ("of somebody else", gates.NoConsent),
        ("withdrawn", gates.NoConsent),
        ("to another purpose", gates.NoConsent),
        ("to words that changed", gates.NoConsent),
        ("objected to", gates.Objected),
        ("restricted", gates.Restricted),
    ],
)
async def test_a_consent_that_is_not_live_for_this_opens_nothing(
    eraser: Database, case: str, refusal: type[NotDisclosed]
) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        bob = await club.join(tx, "bob@example.org")
        consent = await agreed(
            tx,
            bob if case == "of somebody else" else ada,
            "event.survey" if case == "to another purpose" else "event.material",
            "1" if case == "to words that changed" else "2",
        )
        if case == "withdrawn":
            await tx.execute("delete from consent where consent_id = $1", consent)
        if case == "objected to":
            await object_to(tx, ada, "event.material")
        if case == "restricted":
            await tx.execute("update subject set restricted_at = now() where subject_id = $1", ada)

        with pytest.raises(refusal):
            await disclose(tx, ada, by_post(Consented(consent)), RECIPIENTS, Wordings())
        rows = await written(tx, ada)

    assert rows == []


@pytest.mark.rule("R-3P-01")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"recipient": "stranger"}, gates.UnknownRecipient),
        ({"recipient": "nowhere"}, gates.UnknownRecipient),
        ({"recipient": "hotjar"}, gates.NoConsent),
        ({"purpose": "event.unheard"}, gates.WrongPurpose),
        ({"purpose": "account.use"}, gates.WrongPurpose),
        ({"categories": ()}, gates.NothingNamed),
        ({"categories": ("ada@example.org",)}, gates.NothingNamed),
        ({"their_id": "ada@example.org"}, gates.NothingNamed),
        ({"ground": ByContract("training-4711")}, gates.WrongPurpose),
        ({"purpose": "event.contract", "ground": ByContract("")}, gates.NoReference),
        ({"purpose": "record.keep", "ground": ByLaw("because I say so")}, gates.NoReference),
        ({"purpose": "security.flood", "ground": Weighed("fraud-2026")}, gates.NoReference),
    ],
)
def test_a_transfer_that_names_too_little_is_refused(
    changes: dict[str, Any], refusal: type[NotDisclosed]
) -> None:
    with pytest.raises(refusal):
        gates.refuse_transfer(
            "events", by_post(**{"ground": Consented(uuid4()), **changes}), RECIPIENTS
        )


@pytest.mark.rule("R-3P-01")
@pytest.mark.parametrize(
    "transfer",
    [
        by_post(ByContract("training-4711"), purpose="event.contract"),
        by_post(ByLaw("ao-147-1"), purpose="record.keep"),
        by_post(Weighed("fraud-2026"), purpose="security.flood", recipient="watch"),
    ],
    ids=["contract", "law", "weighing"],
)
async def test_contract_law_and_weighing_need_no_consent(
    eraser: Database, transfer: Transfer
) -> None:
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        await disclose(tx, ada, transfer, RECIPIENTS, Wordings())
        rows = await written(tx, ada)

    assert len(rows) == 1


@pytest.mark.rule("R-3P-01")
async def test_an_objection_closes_a_weighing_and_no_law(eraser: Database) -> None:
    weighed = by_post(Weighed("fraud-2026"), purpose="security.flood", recipient="watch")
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        await object_to(tx, ada, "security.flood", "record.keep")

        with pytest.raises(gates.Objected):
            await disclose(tx, ada, weighed, RECIPIENTS, Wordings())
        by_law = by_post(ByLaw("ao-147-1"), purpose="record.keep")
        await disclose(tx, ada, by_law, RECIPIENTS, Wordings())


@pytest.mark.rule("R-3P-02")
@pytest.mark.parametrize("service", ["newsletter", "contact"])
@pytest.mark.parametrize("recipient", sorted(RECIPIENTS))
def test_newsletter_and_contact_pass_on_nothing_to_anybody(service: str, recipient: str) -> None:
    grounds: tuple[gates.Ground, ...] = (
        Consented(uuid4()),
        ByContract("c"),
        ByLaw("ao-147-1"),
        Weighed("fraud-2026"),
    )
    for ground, purpose in product(grounds, PURPOSES):
        transfer = Transfer(recipient, purpose, ("address",), ground)
        with pytest.raises(gates.ClosedForAll):
            gates.refuse_transfer(service, transfer, RECIPIENTS)


@pytest.mark.rule("R-3P-02")
def test_what_was_given_for_them_leaves_by_no_other_service_either() -> None:
    assert {"newsletter", "contact"} == INSIDE
    for purpose in ("newsletter.send", "contact.reply"):
        with pytest.raises(gates.ClosedForAll):
            gates.refuse_transfer(
                "events", by_post(Consented(uuid4()), purpose=purpose), RECIPIENTS
            )


@pytest.mark.rule("R-3P-01")
async def test_a_refusal_is_logged_without_the_person(eraser: Database) -> None:
    sink = io.StringIO()
    set_up_logs("test", sink=sink, strict=True)
    async with eraser.begin() as tx:
        ada = await club.join(tx, "ada@example.org")
        with pytest.raises(NotDisclosed):
            await disclose(tx, ada, by_post(Consented(uuid4())), RECIPIENTS, Wordings())

    (line,) = [json.loads(one) for one in sink.getvalue().splitlines()]
    assert (line["event"], line["error"]) == ("disclosure-refused", "NoConsent")
    assert str(ada) not in sink.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "[post]\nname = 'Post'\ncountry = 'DE'\ntransfer = 'perhaps'",
        "[post]\nname = 'Post'\ncountry = 'DE'\ntransfer = 'eu'\npurposes = ['event.unheard']",
        "[post",
    ],
)
def test_an_operators_register_is_read_or_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recipients.toml"
    file.write_text(text)

    with pytest.raises(SettingsError):
        read_recipients(file)


def test_each_recipient_of_ours_is_told_apart_and_named() -> None:
    assert read_recipients(DEFAULT)["post"].name
