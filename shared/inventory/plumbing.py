"""Tables of ours that every database has, described like every other."""

from datetime import timedelta
from typing import Final

from contracts.purposes import Basis
from shared.inventory.model import (
    For,
    Forever,
    Kind,
    NotPersonal,
    Personal,
    Source,
    Table,
    UntilDone,
)
from shared.inventory.words import BYTES, COUNT, DIGEST, ID, PLACE, REQUEST, TIME, WORD


def plumbing_table(
    name: str, purpose: str, keep: UntilDone | Forever, /, **columns: NotPersonal
) -> Table:
    return Table(name=name, purpose=purpose, columns=columns, keep=keep, kind=Kind.PLUMBING)


MIGRATION = plumbing_table(
    "migration",
    "remember which migrations were applied",
    Forever("the schema's history"),
    name=NotPersonal("a file's name"),
    sha256=DIGEST,
    applied_at=TIME,
)
OUTBOX = plumbing_table(
    "outbox",
    "send messages exactly when the effect commits",
    UntilDone("the broker has acknowledged the record"),
    id=COUNT,
    topic=PLACE,
    partition=PLACE,
    key=BYTES,
    value=BYTES,
    headers=BYTES,
)
CONSUMER_CURSOR = plumbing_table(
    "consumer_cursor",
    "know how far a topic was read",
    Forever("one row a partition"),
    topic=PLACE,
    partition=PLACE,
    cluster_id=PLACE,
    topic_id=PLACE,
    next_offset=PLACE,
    updated_at=TIME,
)
INBOX = plumbing_table(
    "inbox",
    "apply no record twice",
    UntilDone("its day is dropped"),
    record_id=DIGEST,
    seen_on=TIME,
)
PARKED = plumbing_table(
    "parked",
    "set a failing message aside for a person to look at",
    UntilDone("it was released"),
    parked_id=ID,
    topic=PLACE,
    partition=PLACE,
    offset=PLACE,
    line=PLACE,
    record_key=BYTES,
    record_value=BYTES,
    headers=BYTES,
    about_id=REQUEST,
    error=NotPersonal("the class of an error, never its text"),
    parked_at=TIME,
    release_asked_at=TIME,
    released_at=TIME,
)
QUARANTINE = plumbing_table(
    "quarantine",
    "keep what nobody of ours has signed, for a person to look at",
    UntilDone("somebody looked and removed it"),
    topic=PLACE,
    partition=PLACE,
    offset=PLACE,
    key=NotPersonal("as the value"),
    value=NotPersonal("bytes of an unknown signer: only our own principals may write the topics"),
    headers=NotPersonal("as the value"),
    error=NotPersonal("the class of an error, never its text"),
    seen_at=TIME,
)
WAITING = plumbing_table(
    "waiting",
    "try a claim check again without holding up the others",
    UntilDone("its origin answered"),
    request_id=REQUEST,
    message=BYTES,
    origin=NotPersonal("a service's name"),
    cutoff=TIME,
    tries=COUNT,
    next_try_at=TIME,
    reason=WORD,
    topic=PLACE,
    partition=PLACE,
    offset=PLACE,
    line=PLACE,
)
LEASE = plumbing_table(
    "lease",
    "notice a restored database, and one writer at a time",
    Forever("one row a lease"),
    name=WORD,
    value=COUNT,
    until=TIME,
)
DAILY_KEY = plumbing_table(
    "daily_key",
    "make the keys of counters meaningless after their day",
    UntilDone("its day is over"),
    day=TIME,
    key=NotPersonal("random bytes"),
)
EPHEMERAL = Table(
    name="ephemeral",
    purpose="slow down floods of posts and mails",
    columns={
        "kind": WORD,
        "key": Personal("HMAC of an address or network under a key of the day", Source.DEVICE),
        "bucket": TIME,
        "count": COUNT,
        "expires_at": TIME,
    },
    keep=For(timedelta(hours=24), after="the first post"),
    basis=Basis.LEGITIMATE_INTEREST,
    kind=Kind.EPHEMERAL,
)
DEADLINE_COLUMNS: Final = {
    "deadline_id": ID,
    "kind": WORD,
    "due_at": TIME,
    "payload": NotPersonal("ids and counts only"),
    "failed_at": TIME,
}
PLUMBING_DEADLINE = Table(
    name="deadline",
    purpose="do what falls due",
    columns={**DEADLINE_COLUMNS, "subject_id": NotPersonal("empty: nobody hangs on this service")},
    keep=UntilDone("it fell due and was done"),
    kind=Kind.PLUMBING,
)
EVERYWHERE: Final = (
    MIGRATION,
    OUTBOX,
    CONSUMER_CURSOR,
    INBOX,
    PARKED,
    QUARANTINE,
    WAITING,
    LEASE,
    DAILY_KEY,
    EPHEMERAL,
)
PLUMBING: Final = (*EVERYWHERE, PLUMBING_DEADLINE)
