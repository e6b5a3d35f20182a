"""What happens to a case: written, answered, closed, taken back, or overtaken by silence."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from contracts.vocabulary import Method
from services.contact import store
from services.contact.inventory import LETTERS
from services.contact.rules import Case, CaseOver, Duty, State, is_late, kept_until, silent_at
from services.contact.settings import (
    CLARIFIED,
    LATE,
    PURPOSE,
    RECEIVED,
    RECEIVED_GIVE_UP,
    REMIND_AGAIN,
    REPLY,
    REPLY_GIVE_UP,
    SERVICE,
    SILENT,
    WITHDRAWN,
    configured,
)
from shared.database import Transaction
from shared.deadlines import Due, clear_deadline, set_deadline
from shared.errors import Refused
from shared.inventory import place_hold
from shared.logs import log
from shared.mail import forget, post
from shared.parameters import duration
from shared.slice import MustAgreeAnew, consents_of, end_at, end_now, outdated
from shared.web.wordings import Wordings


class StillSending(Refused):
    """The answer is still on its way: close the case when it has been sent."""

    status = 409
    problem = "still-sending"


async def begin(tx: Transaction, case: Case, text: str) -> None:
    """Store what somebody wrote and queue the mail that says so; the subject exists already."""
    await store.add_case(tx, case)
    await store.add_letter(tx, case.subject_id, text, from_us=False)
    await set_deadline(tx, case.subject_id, LATE, tx.now + configured().answer_within)
    await post(
        tx,
        kind=RECEIVED,
        template=RECEIVED,
        language=case.language,
        subject_id=case.subject_id,
        give_up_at=tx.now + RECEIVED_GIVE_UP,
    )


async def ask_again(tx: Transaction, subject_id: UUID, text: str, wordings: Wordings) -> None:
    """Add a further letter: the case is open again, and silence counts no more.

    Raises CaseOver, and MustAgreeAnew while the words of its consent wait to be renewed.
    """
    await _locked(tx, subject_id)
    await _allowed(tx, subject_id, wordings)
    await store.add_letter(tx, subject_id, text, from_us=False)
    await store.note_asked(tx, subject_id)
    await clear_deadline(tx, subject_id, SILENT)
    await set_deadline(tx, subject_id, LATE, tx.now + configured().answer_within)


async def answer(tx: Transaction, subject_id: UUID, text: str, wordings: Wordings) -> None:
    """Store an answer and queue it; from now on silence clarifies (R-CT-06).

    Raises CaseOver, and MustAgreeAnew while the words of its consent wait to be renewed.
    """
    case = await _locked(tx, subject_id)
    await _allowed(tx, subject_id, wordings)
    letter_id = await store.add_letter(tx, subject_id, text, from_us=True)
    await store.note_answered(tx, subject_id)
    await clear_deadline(tx, subject_id, LATE)
    await end_at(tx, subject_id, SILENT, silent_at(tx.now, duration("CLARIFY_WINDOW")))
    await post(
        tx,
        kind=REPLY,
        template=REPLY,
        language=case.language,
        subject_id=subject_id,
        give_up_at=tx.now + REPLY_GIVE_UP,
        parameters={"letter_id": str(letter_id)},
    )


async def close(tx: Transaction, subject_id: UUID, duty: Duty) -> None:
    """End a clarified case; the worker deletes it, except what a law keeps of its letters.

    Raises CaseOver, and StillSending while an answer has not left: it would be deleted with it.
    """
    await _locked(tx, subject_id)
    letters = await store.letters_of(tx, subject_id)
    if any(one.from_us and one.sent_at is None and one.failed_at is None for one in letters):
        raise StillSending
    if duty is not Duty.NONE:
        until = kept_until(letters)
        await place_hold(tx, subject_id, LETTERS, until, reference=duty.value)
    await store.end(tx, subject_id)
    await _no_more(tx, subject_id)
    await end_now(tx, subject_id, CLARIFIED)


async def withdraw(tx: Transaction, subject_id: UUID) -> bool:
    """End a case because its person takes the consent back, answered or not (R-CT-08).

    A restriction does not stop it (Art. 7(3), 18); the deletion then waits until that is lifted.
    False: nothing was there any more.
    """
    await tx.by_person()
    case = await store.find_case(tx, subject_id)
    if case is None or not await store.end(tx, subject_id):
        return False
    await _no_more(tx, subject_id)
    await end_now(tx, subject_id, WITHDRAWN, Method.PAGE)
    await forget(tx, [case.email])
    return True


async def sent(tx: Transaction, subject_id: UUID, letter_id: UUID) -> None:
    """Our letter left: silence counts from now, unless the person wrote since."""
    await store.note_sent(tx, letter_id)
    case = await store.find_case(tx, subject_id)
    if case is not None and case.state is State.ANSWERED:
        await end_at(tx, subject_id, SILENT, silent_at(tx.now, duration("CLARIFY_WINDOW")))


async def not_sent(tx: Transaction, subject_id: UUID, letter_id: UUID) -> None:
    """Our letter could not be delivered: nobody was answered, so silence says nothing."""
    await store.note_failed(tx, letter_id)
    if await store.reopen(tx, subject_id):
        await clear_deadline(tx, subject_id, SILENT)
        await set_deadline(tx, subject_id, LATE, tx.now)


async def remind_late(tx: Transaction, due: Sequence[Due]) -> None:
    """Say how many cases wait too long, again each day; none of them ends by itself (R-CT-06)."""
    late = 0
    for one in due:
        case = await store.find_case(tx, one.subject_id) if one.subject_id else None
        if case is None or case.state is not State.OPEN:
            continue
        late += is_late(case, tx.now, configured().answer_within)
        await set_deadline(tx, case.subject_id, LATE, tx.now + REMIND_AGAIN)
    if late:
        log.warning("cases-overdue", service=SERVICE, count=late)


ACTIONS: Final = {LATE: remind_late}


async def _no_more(tx: Transaction, subject_id: UUID) -> None:
    await clear_deadline(tx, subject_id, SILENT)
    await clear_deadline(tx, subject_id, LATE)


async def must_agree_anew(tx: Transaction, subject_id: UUID, wordings: Wordings) -> bool:
    """Say whether a case waits for its person to agree to words that changed (R-POL-01)."""
    return PURPOSE in outdated(await consents_of(tx, subject_id), wordings)


async def _allowed(tx: Transaction, subject_id: UUID, wordings: Wordings) -> None:
    if await must_agree_anew(tx, subject_id, wordings):
        raise MustAgreeAnew


async def _locked(tx: Transaction, subject_id: UUID) -> Case:
    case = await store.lock_case(tx, subject_id)
    if case is None:
        raise CaseOver
    return case
