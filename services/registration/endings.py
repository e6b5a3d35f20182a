"""What falls due beside the end of a relationship: sign-ins that are over."""

from collections.abc import Sequence

from services.registration import rules
from services.registration.limits import ends
from services.registration.settings import SIGNED_OUT
from services.registration.store import sign_ins
from shared.database import Transaction
from shared.deadlines import Actions, Due, set_deadline


async def end_sign_ins(tx: Transaction, due: Sequence[Due]) -> None:
    """Delete what is over of sign-ins, the account page's cookie first, then all of it (R-CK-06).

    It looks again when the next one of an account ends.
    """
    subjects = {one.subject_id for one in due if one.subject_id is not None}
    found = await sign_ins.of_subjects(tx, subjects)
    over = {one.sign_in_id for one in found if rules.documents_end(one, ends()) <= tx.now}
    await sign_ins.forget(tx, over)
    left = [one for one in found if one.sign_in_id not in over]
    closed = [one.sign_in_id for one in left if rules.account_end(one, ends()) <= tx.now]
    await sign_ins.forget_account_pages(tx, closed)
    for subject in subjects:
        times = [rules.next_end(one, ends(), tx.now) for one in left if one.subject_id == subject]
        if times:
            await set_deadline(tx, subject, SIGNED_OUT, min(times))


ACTIONS: Actions = {SIGNED_OUT: end_sign_ins}
