"""Refusals: what a person or a program is told when something may not be.

A refusal takes no argument, so no name or address can get into it.
"""

from typing import ClassVar


class Refused(Exception):  # noqa: N818
    """This cannot be done."""

    status: ClassVar[int] = 400
    problem: ClassVar[str] = "refused"

    def __init__(self) -> None:
        super().__init__(self.problem)

    @classmethod
    def sentence(cls) -> str:
        """Give the first sentence of the docstring: the message in English."""
        text = " ".join((cls.__doc__ or "").split())
        return text.split(". ")[0].rstrip(".") + "."

    @classmethod
    def problem_json(cls) -> dict[str, str | int]:
        """Give the body of `application/problem+json` (RFC 9457)."""
        return {
            "type": f"https://expunge.dev/problem/{cls.problem}",
            "title": cls.sentence(),
            "status": cls.status,
        }


class NotFound(Refused):
    """There is nothing here."""

    status = 404
    problem = "not-found"


class UnknownToken(Refused):
    """This link was used already or is too old. You can ask for a new one."""

    status = 404
    problem = "unknown-token"


class NotAllowed(Refused):
    """This is not open to you."""

    status = 403
    problem = "not-allowed"


class TooMany(Refused):
    """Too many tries: please wait some minutes and try again."""

    status = 429
    problem = "too-many"


class Unavailable(Refused):
    """This does not work at the moment: please try again in some minutes."""

    status = 503
    problem = "unavailable"
