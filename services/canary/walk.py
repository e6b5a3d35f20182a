"""What the canary does at the public pages: every slice that takes a form from anybody."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from shared.visitor.person import Person

PASSWORD: Final = "nine grey wagtails dive"  # noqa: S105 - of an invented person, for a minute
NAMES: Final = ("first_name", "last_name")
DETAILS: Final = (
    *("title", *NAMES, "company", "department"),
    *("street", "postal_code", "city", "telephone"),
)
WALKED: Final = ("newsletter", "registration", "contact")
MARK_CHARS: Final = 12
WORD: Final = re.compile(rf"q[0-9a-f]{{{MARK_CHARS}}}")
NOWHERE: Final = "*@example.org"  # no mail leaves for there: the development inbox takes it


@dataclass(frozen=True, slots=True)
class Words:
    """What an invented person types, each word made from a seed, so that nobody else has it."""

    seed: str
    reads_at: str = NOWHERE  # with a * for the person

    def word(self, field: str) -> str:
        """Give the word for a field: short enough for each, and a letter first."""
        return "q" + hashlib.sha256(f"{self.seed}/{field}".encode()).hexdigest()[:MARK_CHARS]

    @property
    def address(self) -> str:
        """Where the person reads mail."""
        return self.reads_at.replace("*", self.word("email"))

    def typed(self, *fields: str) -> dict[str, str]:
        """Give the address and a word for each of the fields."""
        return {"email": self.address, **{field: self.word(field) for field in fields}}

    @property
    def markers(self) -> list[str]:
        """Everything by which a row, a message, a log line or a byte would name the person."""
        return [self.word("email"), self.word("message"), *map(self.word, DETAILS)]


async def arrive(person: Person, words: Words) -> None:
    """Subscribe, open an account, write a message: each confirmed from the mailbox.

    Raises NoForm, TimeoutError.
    """
    await person.fill("/en/newsletter/subscribe", words.typed(*NAMES))
    await person.fill(await person.link("/newsletter/confirm/"))
    await person.fill("/en/registration/sign-up", words.typed(*DETAILS), tick=("use",))
    await person.fill(await person.link("/registration/confirm/"), {"chosen": PASSWORD})
    await person.fill("/en/contact/message", words.typed("message"))
