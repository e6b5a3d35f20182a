"""Restriction of processing (GDPR Art. 18; R-18-01), kept by the database, not by code.

While a subject is restricted, the role `app` can read its rows, since the person's own access
goes on, but neither change nor delete them, nor claim a mail, unless it is the person who acts.
Every other role sees everything: a hidden row would look like nothing held.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

# The person's own links work on; what falls due is held back by take_due.
FREE: Final = frozenset({"token", "deadline"})

# Set by Transaction.by_person: withdrawal, erasure and access are the person's own acts.
BY_PERSON: Final = "current_setting('expunge.by_person', true) = 'yes'"


async def restriction(owner: "Connection", names: Mapping[str, str]) -> list[str]:
    """Give the statements that put policies on every table that hangs on `subject`.

    `names` are the roles, quoted. Tables that have the policies already are left out, so that a
    running system is not locked.
    """
    others = ", ".join(name for role, name in names.items() if role != "app")
    rows = await owner.fetch(
        """
        select distinct c.relname
          from pg_catalog.pg_class c
          left join pg_catalog.pg_constraint f on f.conrelid = c.oid and f.contype = 'f'
         where c.relnamespace = 'public'::regnamespace
           and to_regclass('public.subject') in (f.confrelid, c.oid)
           and not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
         order by c.relname
        """
    )
    statements = []
    for table in (row["relname"] for row in rows if row["relname"] not in FREE):
        free = f"{BY_PERSON} or " + (
            "restricted_at is null"
            if table == "subject"
            else f"""not exists (select from subject s
                                  where s.subject_id = "{table}".subject_id
                                    and s.restricted_at is not null)"""
        )
        statements += [
            f'alter table "{table}" enable row level security',
            f'create policy reads on "{table}" for select to {names["app"]} using (true)',
            f'create policy adds on "{table}" for insert to {names["app"]} with check (true)',
            f'create policy changes on "{table}" for update to {names["app"]} using ({free})',
            f'create policy deletes on "{table}" for delete to {names["app"]} using ({free})',
            f'create policy everything on "{table}" to {others} using (true) with check (true)',
        ]
    return statements
