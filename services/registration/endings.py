"""What falls due beside the end of a relationship: sign-ins that are over."""

from collections.abc import Sequence

from services.registration import rules
from services.registration.limits import ends
from services.registration.settings import SIGNED_OUT
from services.registration.store import sign_ins
from shared.database import Transaction
from shared.deadlines import Actions, Due, set_deadline


async def end_sign_ins(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete sign-ins whose time is over; look again when the next one of an account ends."""
    subjects = {one.subject_id for one in due if one.subject_id is not None}
    found = await sign_ins.of_subjects(tx, subjects)
    until = {one.sign_in_id: rules.documents_end(one, ends()) for one in found}
    await sign_ins.forget(tx, [one for one, end in until.items() if end <= tx.now])
    for subject in subjects:
        left = [
            until[one.sign_in_id]
            for one in found
            if one.subject_id == subject and until[one.sign_in_id] > tx.now
        ]
        if left:
            await set_deadline(tx, subject, SIGNED_OUT, min(left))


ACTIONS: Actions = {SIGNED_OUT: end_sign_ins}
