"""A sum that people can read and hear, asked with a form (R-CT-04).

Both numbers follow from the form's random id under the installation's key: looking at a page stores
nothing, and the answer is in no page, cookie, token or log. An id, and so its question, counts for
one form, for CAPTCHA_TTL, and for one try: a right answer claims it, a wrong one uses it up.
"""

from dataclasses import dataclass
from typing import Final

from shared.parameters import duration
from shared.web.form_ids import FormIds

LEAST: Final = 1
MOST: Final = 9
MAX_DIGITS: Final = 3

WRONG: Final = "wrong-sum"
EXPIRED: Final = "question-expired"
USED: Final = "question-used"
STALE: Final = frozenset({WRONG, EXPIRED, USED})  # each needs another question


@dataclass(frozen=True, slots=True)
class Question:
    """Two numbers to add."""

    first: int
    second: int

    def accepts(self, typed: str) -> bool:
        """Say whether this is the sum, in the digits of any script."""
        digits = typed.strip()
        fits = digits.isdecimal() and len(digits) <= MAX_DIGITS
        return fits and int(digits) == self.first + self.second


def question_of(form_ids: FormIds, form_id: str) -> Question:
    """Give the question that belongs to a form id; without an id of ours it means nothing."""
    drawn = form_ids.derive(b"question", form_id)
    span = MOST - LEAST + 1
    first, second = (int.from_bytes(part, "big") % span for part in (drawn[:8], drawn[8:16]))
    return Question(LEAST + first, LEAST + second)


def is_over(age_seconds: float) -> bool:
    """Say whether a question was asked too long ago."""
    return age_seconds > duration("CAPTCHA_TTL").total_seconds()
