"""Why an entry is not believed: asked only after it was refused, to name what and which line."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from contracts.errors import BadInput
from contracts.messages import Event, parse
from contracts.proof import Proof, PublicKey, Record, check
from contracts.reading import belongs
from contracts.topics import ERASURE, may_sign, partition_of
from services.erasure.audit.entries import Entry

HEADERS: Final = "its headers are no proof"
SIGNATURE: Final = "the signature does not hold for these bytes in this partition"
MESSAGE: Final = "not a message of this contract"
PERMISSION: Final = "a {role} key of {service} may not say {type}"
TYPE: Final = "a line of another type than its record"
NAME: Final = "{service} signed what is said in the name of {source}"
PLACE: Final = "it belongs in another partition"
EARLY: Final = "dated before its key was valid"
LATE: Final = "dated after its key's end"
OTHER: Final = "{service} may not say this about another"


class Reason(NamedTuple):
    """What is wrong, in a sentence of ours; with which line, where it is one line's fault."""

    what: str
    line: int | None = None


def reason(entry: Entry, key: PublicKey, partitions: int) -> Reason:
    """Say why `open_record` refused an entry that names this key."""
    try:
        proof = Proof.from_headers(entry.headers)
    except BadInput:
        return Reason(HEADERS)
    try:
        record = Record.from_value(
            ERASURE.name, entry.partition, proof.type, entry.key, entry.value
        )
        check(record, proof, key)
    except BadInput as error:
        return Reason(str(error) if type(error).__name__ == "BadRecord" else SIGNATURE)
    return next(_lines(record, key, partitions), Reason(SIGNATURE))


def _lines(record: Record, key: PublicKey, partitions: int) -> Iterator[Reason]:
    for number, line in enumerate(record.lines):
        try:
            event = parse(line)
        except BadInput:
            yield Reason(MESSAGE, number)
            continue
        what = _said_wrongly(event, record, key, partitions)
        if what is not None:
            yield Reason(what, number)


def _said_wrongly(event: Event, record: Record, key: PublicKey, partitions: int) -> str | None:
    names = {"service": key.service, "role": key.role.value, "source": event.source}
    rules = (
        (event.type.value == record.type and event.message.topic is ERASURE, TYPE),
        (may_sign(event.type, key.service, key.role), PERMISSION),
        (event.source == key.service, NAME),
        (partition_of(event.subject, partitions) == record.partition, PLACE),
        (event.time >= key.not_before, EARLY),
        (key.not_after is None or event.time <= key.not_after, LATE),
        (belongs(event, record, key, partitions), OTHER),
    )
    broken = next((what for holds, what in rules if not holds), None)
    return None if broken is None else broken.format(type=event.type.value, **names)
