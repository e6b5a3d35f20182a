"""The people of the story, all invented: what they type, every word of it nobody else's."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from demo.person import Person


@dataclass(frozen=True)
class Invented:
    """Somebody's address, the language of their pages, and what they type into which field."""

    name: str
    address: str
    language: str
    words: Mapping[str, str]

    @property
    def markers(self) -> tuple[str, ...]:
        """Everything by which a row, a message or a log line would name them."""
        return (self.address, *self.words.values())


class Member(Person):
    """An invented person with a browser and a mailbox of their own."""

    def __init__(self, browser: httpx2.AsyncClient, invented: Invented) -> None:
        """Take the browser and who sits at it."""
        super().__init__(browser, invented.address, invented.language)
        self.name = invented.name
        self.words = dict(invented.words)
        self.markers = invented.markers

    def typed(self, *fields: str) -> dict[str, str]:
        """Give the address and what this person types into these fields."""
        return {"email": self.address, **{field: self.words[field] for field in fields}}


NAMES = ("first_name", "last_name")
POSTAL = ("street", "postal_code", "city")

ADA = Invented(
    "Ada",
    "ada.q4711@example.org",
    "en",
    {
        "first_name": "Adamarkiza",
        "last_name": "Quillfeather",
        "company": "Quillmarks & Daughters",
        "street": "Adalane 7",
        "postal_code": "QF4 7XA",
        "city": "Adaburgh",
        "message": "Who reads Adamarkiza's letters?",
    },
)
BEN = Invented(
    "Ben",
    "ben.beispiel@example.org",
    "de",
    {"first_name": "Benmarkizo", "last_name": "Beispielmann"},
)
CLEO = Invented(
    "Cleo",
    "cleo.anders@example.org",
    "en",
    {
        "first_name": "Cleomarkize",
        "last_name": "Andersmark",
        "company": "Cleomark Works",
        "street": "Cleoroad 9",
        "postal_code": "CA9 1XC",
        "city": "Cleoville",
    },
)
EMIL = Invented(
    "Emil",
    "emil.stetig@example.org",
    "en",
    {
        "first_name": "Emilmarkizu",
        "last_name": "Stetigmann",
        "message": "Does Emilmarkizu need a ticket?",
    },
)


@dataclass(frozen=True)
class Cast:
    """Four people, and a browser of whose person nothing is known."""

    ada: Member
    ben: Member
    cleo: Member
    emil: Member
    nobody: Person

    @property
    def members(self) -> tuple[Member, ...]:
        """Give all who have a name."""
        return (self.ada, self.ben, self.cleo, self.emil)
