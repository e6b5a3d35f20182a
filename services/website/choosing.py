"""A visitor chooses: what was ticked becomes consents of its own, what was not ends (R-CK-08)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.vocabulary import Method
from services.website import grants
from services.website.registers import Registers
from services.website.rules.choices import Visitor, change
from shared.database import Transaction
from shared.disclosure import Consented, Transfer, disclose
from shared.web.wordings import Wording, Wordings

KEY_BYTES = 32
CATEGORIES = ("network-address", "device", "pages")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came of a choice: the browser's new key, None if nothing is granted; who ended."""

    key: str | None
    granted: frozenset[str]
    ended: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was posted: purpose -> words that were ticked, and how."""

    wanted: Mapping[str, Wording]
    method: Method


async def choose(
    tx: Transaction, visitor: Visitor, choice: Choice, registers: Registers, wordings: Wordings
) -> Chosen:
    """Carry a choice out in one transaction; the key is always a new one.

    With Global Privacy Control nothing is granted and what stands ends, as by that signal. A
    tracker passes the gate of disclosures here, before it may load anywhere.
    """
    old, signals = visitor.signals.key, visitor.signals
    live = await grants.live(tx, old, wordings) if old else {}
    standing = await grants.stands(tx, old) if old else {}
    asked = {
        one: words.version for one, words in choice.wanted.items() if one in registers.purposes
    }
    what = change(live, asked, gpc=signals.gpc)
    over = {one: subject for one, subject in standing.items() if one not in what.kept}
    await grants.end(tx, over.values(), Method.GPC if signals.gpc else choice.method)
    key = secrets.token_urlsafe(KEY_BYTES) if what.kept or what.begun else None
    if key is not None:
        await grants.turn_key(tx, {one: live[one].subject_id for one in what.kept}, key)
        for purpose in sorted(what.begun):
            given = grants.Given(choice.wanted[purpose], choice.method)
            begun = await grants.begin(tx, key, purpose, given)
            await _disclose(tx, begun.subject_id, begun.consent_id, purpose, registers, wordings)
    return Chosen(key, what.kept | what.begun, frozenset(over))


async def _disclose(  # noqa: PLR0917
    tx: Transaction,
    subject_id: UUID,
    consent_id: UUID,
    purpose: str,
    registers: Registers,
    wordings: Wordings,
) -> None:
    tracker = registers.tracker_of(purpose)
    if tracker is not None:
        transfer = Transfer(tracker, purpose, CATEGORIES, Consented(consent_id))
        await disclose(tx, subject_id, transfer, registers.recipients, wordings)
