"""Tombstones: records without a value, by which a compacted topic forgets a key.

Nobody signs one, since there are no bytes to sign, and no reader of ours acts on one: what it takes
away is the older record in the log, once the broker compacts. Who may write them, the broker's
access rules say.
"""

from collections.abc import Collection

from contracts.topics import Policy, Topic, partition_of
from shared.database import Transaction


async def bury(tx: Transaction, topic: Topic, subjects: Collection[str], key_end: bytes) -> None:
    """Let a topic forget what was said of these ids under `<id><key_end>`, after the commit.

    Again does no harm. Raises ValueError for a topic that keeps every record.
    """
    if topic.policy is not Policy.COMPACT:
        message = f"{topic.name} keeps every record"
        raise ValueError(message)
    if not subjects:
        return
    ordered, partitions = sorted(subjects), tx.partitions_of(topic.name)
    await tx.execute(
        """
        insert into outbox (topic, partition, key, value, headers)
        select $1, partition, key, null, ''
          from unnest($2::integer[], $3::bytea[]) as buried (partition, key)
        """,
        topic.name,
        [partition_of(subject, partitions) for subject in ordered],
        [subject.encode() + key_end for subject in ordered],
    )
    tx.wrote_outbox()
