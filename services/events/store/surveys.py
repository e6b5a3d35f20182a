"""Answers, remarks, reading material that is owed, and the counts that remain."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from services.events.rules.seat import PERSON_NAMES, Person
from services.events.rules.survey import Channel, Sending
from services.events.settings import MATERIAL, SURVEY, SURVEY_LINK
from shared.database import Transaction

_PERSON = ", ".join(f"s.{name}" for name in PERSON_NAMES)


async def add_answers(
    tx: Transaction,
    subject_id: UUID,
    gathering_id: UUID,
    answers: Mapping[str, str],
    remark: str | None,
) -> bool:
    """Store what a person answered, once; False if they had answered before."""
    answered = await tx.execute(
        """
        update seat
           set answered_at = $2
         where subject_id = $1 and answered_at is null and cancelled_at is null
        """,
        subject_id, tx.now,
    )  # fmt: skip
    if not answered:
        return False
    await tx.executemany(
        """
        insert into survey_answer (subject_id, gathering_id, question, answer)
        values ($1, $2, $3, $4)
        """,
        [(subject_id, gathering_id, *pair) for pair in answers.items()],
    )
    if remark:
        await tx.execute(
            "insert into remark (subject_id, remark) values ($1, $2)", subject_id, remark
        )
    return True


async def was_asked(tx: Transaction, subject_id: UUID) -> bool:
    """Say whether the question was mailed: its link is made with the mail."""
    found: bool = await tx.fetchval(
        "select exists (select from token where subject_id = $1 and purpose = $2)",
        subject_id, SURVEY_LINK,
    )  # fmt: skip
    return found


async def keeps_waiting(tx: Transaction, subject_id: UUID, kind: str) -> bool:
    """Say whether a mail of a kind stays in the queue; not one that is being looked at just now."""
    return bool(
        await tx.fetch(
            "select from mail where subject_id = $1 and kind = $2 for update skip locked",
            subject_id, kind,
        )
    )  # fmt: skip


async def forget_answers(tx: Transaction, subject_id: UUID) -> None:
    """Delete answers and remark, uncounted: their declaration was taken back."""
    await tx.execute("delete from survey_answer where subject_id = $1", subject_id)
    await tx.execute("delete from remark where subject_id = $1", subject_id)


async def owe(tx: Transaction, subject_id: UUID, sendings: Iterable[Sending]) -> None:
    """Store what a person is to get."""
    await tx.executemany(
        "insert into sending (subject_id, reading, channel) values ($1, $2, $3)",
        [(subject_id, one.reading, one.channel) for one in sendings],
    )


async def forget_owed(tx: Transaction, subject_id: UUID) -> None:
    """Delete what was not handed over yet: its declaration was taken back."""
    await tx.execute("delete from sending where subject_id = $1 and sent_at is null", subject_id)


async def forget_undeclared(tx: Transaction) -> list[UUID]:
    """Delete answers and unsent material whose declaration is not there; give their subjects.

    For a restored backup: it brings back what was deleted when a declaration was taken back.
    """
    subjects: set[UUID] = set()
    for table, also, purpose in (
        ("survey_answer", "", SURVEY),
        ("remark", "", SURVEY),
        ("sending", "and t.sent_at is null", MATERIAL),
    ):
        rows = await tx.fetch(
            f"""
            delete from {table} t
             where not exists (select from consent c
                                where c.subject_id = t.subject_id and c.purpose = $1) {also}
            returning subject_id
            """,
            purpose,
        )
        subjects |= {row["subject_id"] for row in rows}
    return sorted(subjects)


async def owed_by_mail(tx: Transaction, subject_id: UUID) -> list[str]:
    """Give the names of what is to be mailed to a person."""
    rows = await tx.fetch(
        """
        select reading
          from sending
         where subject_id = $1 and channel = 'email' and sent_at is null
         order by reading
        """,
        subject_id,
    )
    return [row["reading"] for row in rows]


async def hand_over(
    tx: Transaction, subjects: Collection[UUID], channel: Channel, readings: Collection[str]
) -> int:
    """Note that material was handed over, to the mail server or to the post provider; count it."""
    return await tx.execute(
        """
        update sending
           set sent_at = $4
         where subject_id = any($1::uuid[])
           and channel = $2
           and reading = any($3::text[])
           and sent_at is null
        """,
        list(subjects), channel, list(readings), tx.now,
    )  # fmt: skip


async def to_post(tx: Transaction) -> dict[str, int]:
    """Count what waits for the post, by reading."""
    rows = await tx.fetch(
        """
        select reading, count(*) as count
          from sending
         where channel = 'post' and sent_at is null
         group by reading
         order by reading
        """
    )
    return {row["reading"]: row["count"] for row in rows}


async def take_for_post(tx: Transaction, reading: str) -> dict[UUID, tuple[UUID, Person]]:
    """Give who is to get a reading by post: subject -> (consent id, person); rows locked.

    Only with the declaration in force and nothing restricted (GDPR Art. 18).
    """
    rows = await tx.fetch(
        f"""
        select s.subject_id, c.consent_id, {_PERSON}
          from sending m
          join seat s using (subject_id)
          join consent c using (subject_id)
         where m.reading = $1
           and m.channel = 'post'
           and m.sent_at is null
           and c.purpose = $2
           and s.cancelled_at is null
           and not is_restricted(s.subject_id)
         order by s.subject_id
           for update of m
        """,
        reading, MATERIAL,
    )  # fmt: skip
    return {
        row["subject_id"]: (
            row["consent_id"],
            Person(**{name: row[name] for name in PERSON_NAMES}),
        )
        for row in rows
    }


async def totals(tx: Transaction, gathering_id: UUID) -> dict[str, dict[str, int]]:
    """Give the counts that remain of a gathering's survey: question -> answer -> count."""
    rows = await tx.fetch(
        "select question, answer, count from survey_total where gathering_id = $1", gathering_id
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["question"], {})[row["answer"]] = row["count"]
    return found


async def attendance(tx: Transaction, gathering_id: UUID) -> dict[str, int]:
    """Give the counts that remain of who was at a gathering."""
    rows = await tx.fetch(
        "select attendance, count from attendance_total where gathering_id = $1", gathering_id
    )
    return {row["attendance"]: row["count"] for row in rows}


async def drop_small(tx: Transaction, gathering_id: UUID, least: int) -> int:
    """Delete counts that stayed below the smallest that is shown: nobody waits for them."""
    dropped = 0
    for table in ("survey_total", "attendance_total"):
        dropped += await tx.execute(
            f"delete from {table} where gathering_id = $1 and count < $2", gathering_id, least
        )
    return dropped
