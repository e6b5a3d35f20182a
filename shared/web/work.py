"""Proof of work for programs that post a form with a question (ALTCHA, version 2).

A page without scripts cannot do it, so nobody must: who posts without is counted against a
stricter limit. The challenge is signed under a key that follows from the form id, so a solution is
good for that form id alone, and a form id for one post.
"""

import time
from typing import Final

from altcha import create_challenge, verify_solution
from starlette.requests import Request

from shared.errors import Refused
from shared.parameters import duration
from shared.web.form_ids import FormIds
from shared.web.forms import FORM_ID, Form
from shared.web.parts import web_of

WORK: Final = "work"
ALGORITHM: Final = "SHA-256"
COST: Final = 4  # hashes of one try
KEY_PREFIX: Final = "000"  # one try in 4,096 fits: below a second in a browser


class BadWork(Refused):
    """This proof of work does not fit the form. Open the form again."""

    status = 422
    problem = "bad-work"


def challenge(form_ids: FormIds, form_id: str) -> dict[str, object]:
    """Make the challenge that belongs to a form id; it is good as long as a question."""
    made = create_challenge(
        ALGORITHM,
        COST,
        key_prefix=KEY_PREFIX,
        expires_at=int(time.time() + duration("CAPTCHA_TTL").total_seconds()),
        hmac_secret=form_ids.derive(WORK.encode(), form_id),
    )
    found: dict[str, object] = made.to_dict()
    return found


async def weigh_work(request: Request, form: Form, posted: dict[str, str], client: str) -> None:
    """Take the proof of work out of what was posted; without one, count against the stricter limit.

    Raises BadWork for one that is wrong, late or another form's, TooMany over the limit.
    """
    if form.question is None:
        return
    web = web_of(request)
    solution = posted.pop(WORK, "")
    if not solution:
        await web.limits.count_without_work(client)
        return
    secret = web.form_ids.derive(WORK.encode(), posted.get(FORM_ID, ""))
    if not verify_solution(solution, secret).verified:
        raise BadWork
