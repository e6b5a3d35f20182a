"""`--witness`: who checks may demand that witnesses of their own choice cosigned a head."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from contracts.errors import BadLog
from contracts.tlog.cosignature import cosigned_at
from contracts.tlog.notes import COSIGNATURE, VerifierKey

Demanded = Annotated[
    list[str] | None,
    typer.Option(
        "--witness", help="Key of a witness that must have cosigned the head. May be repeated."
    ),
]


def read_keys(demanded: Iterable[str] | None) -> list[VerifierKey]:
    """Read keys of witnesses, `name+id+key`; one that is none ends the command with 2."""
    try:
        return [VerifierKey.read(one, COSIGNATURE) for one in demanded or ()]
    except BadLog:
        message = "this is no key of a witness: name+id+key"
        raise typer.BadParameter(message, param_hint="--witness") from None


def without(note: bytes, keys: Sequence[VerifierKey]) -> list[str]:
    """Name the witnesses that did not cosign a head."""
    return [key.name for key in keys if not _cosigned(note, key)]


def _cosigned(note: bytes, key: VerifierKey) -> bool:
    try:
        cosigned_at(note, key)
    except BadLog:
        return False
    return True
