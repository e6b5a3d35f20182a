"""A person has everything about them erased, as anybody may."""

from typing import Any

from shared.visitor.person import Person


async def leave(person: Person) -> bytes:
    """Ask for erasure, confirm it from the mailbox, wait for the certificate; gives the bundle.

    Raises NoForm, TimeoutError.
    """
    await person.fill("/en/rights/erase", {"email": person.address})
    await person.fill(await person.link("/rights/confirm/"))
    mail = await person.mail(lambda mail: bool(_bundles(mail)), "the certificate")
    return await person.attachment(mail, ".expunge.json")


def _bundles(mail: dict[str, Any]) -> list[str]:
    names = [str(one["filename"]) for one in mail["attachments"]]
    return [name for name in names if name.startswith("certificate")]
