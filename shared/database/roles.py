"""Databases, roles and what each role may do.

A table is ordinary, append-only (its comment says `append-only`), or one of the kernel's special
ones named below. Grants are made anew at each apply, so a table cannot keep an old one.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import asyncpg

from shared.database.restriction import restriction
from shared.settings import Settings

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ROLES: Final = ("owner", "app", "eraser", "exporter", "holder", "relay", "verifier", "auditor")
VERIFIER_ROLES: Final = ("owner", "app", "relay")
APPEND_ONLY: Final = "append-only"
HELD_IN_SIGHT: Final = "hold_id, request_id, ground, reference, until"  # all but the fields

# Tables with grants of their own; every other follows ORDINARY or APPEND_ONLY_GRANTS.
ORDINARY: Final = {
    "app": "select, insert, update, delete",
    "eraser": "select, insert, update, delete",
    "exporter": "select",
    "verifier": "select",
}
APPEND_ONLY_GRANTS: Final = {
    "app": "select, insert",
    "eraser": "select, insert, delete",
    "exporter": "select",
    "verifier": "select",
}
# Whoever scrubs (shared/scrub) rewrites tables, also those that are made later, and can by this
# neither read nor change a row.
MAINTAIN: Final = (
    "grant maintain on all tables in schema public",
    "alter default privileges in schema public grant maintain on tables",
)
# What an export has no business with: open requests, links, counters and their keys.
UNEXPORTED: Final = {role: verbs for role, verbs in ORDINARY.items() if role != "exporter"}
SPECIAL: Final[dict[str, dict[str, str]]] = {
    "alias": UNEXPORTED,
    "nonce": UNEXPORTED,
    "status_link": UNEXPORTED,
    "token": UNEXPORTED,
    "ephemeral": UNEXPORTED,
    "daily_key": UNEXPORTED,
    "answer": UNEXPORTED,
    "staff": UNEXPORTED,
    "staff_session": UNEXPORTED,
    "subject": {**ORDINARY, "app": "select, insert, update"},
    "outbox": {
        "app": "select, insert",
        "eraser": "select, insert",
        "relay": "select, delete",
        "verifier": "select",
    },
    "consent": {**APPEND_ONLY_GRANTS, "app": "select, insert, delete"},
    "receipt": {**APPEND_ONLY_GRANTS, "eraser": "select, insert"},
    "claim_audit": {**APPEND_ONLY_GRANTS, "eraser": "select, insert"},
    "migration": {"app": "select", "eraser": "select", "verifier": "select"},
    "held": {
        "app": "select (until)",
        "eraser": f"select ({HELD_IN_SIGHT}), insert",
        "holder": "select, insert, update, delete",
        "verifier": f"select ({HELD_IN_SIGHT})",
    },
}


async def make_database(
    admin: "Connection", settings: Settings, service: str, roles: Iterable[str]
) -> None:
    """Create roles with generated passwords, and the database, where absent."""
    for role in roles:
        name = settings.role(service, role)
        password = settings.make_secret(f"database/{name}")
        known = await admin.fetchval("select true from pg_roles where rolname = $1", name)
        verb = "alter" if known else "create"
        statement = await admin.fetchval(
            f"select format('{verb} role %I login password %L', $1::text, $2::text)", name, password
        )
        await admin.execute(statement)
    owner, database = settings.role(service, "owner"), settings.database(service)
    if not await admin.fetchval("select true from pg_database where datname = $1", database):
        await admin.execute(f'grant "{owner}" to current_user')
        await admin.execute(
            f'create database "{database}" owner "{owner}" template template0 encoding \'UTF8\''
        )
        await admin.execute(f'revoke all on database "{database}" from public')
    names = ", ".join(f'"{settings.role(service, role)}"' for role in roles)
    await admin.execute(f'grant connect on database "{database}" to {names}')


async def grant_all(
    owner: "Connection", settings: Settings, service: str, roles: Iterable[str]
) -> None:
    """Give each role what it may do with each relation, and nothing else; one transaction."""
    names = {role: f'"{settings.role(service, role)}"' for role in roles if role != "owner"}
    everybody = ", ".join(names.values())
    statements = [
        "revoke all on schema public from public",
        f"grant usage on schema public to {everybody}",
        f"revoke all on all tables in schema public from {everybody}",
        "revoke execute on all functions in schema public from public",
        f"grant execute on all functions in schema public to {everybody}",
        f"revoke execute on function turn_inbox(integer, integer) from {everybody}",
    ]
    # A verifier's database has no eraser: there `app` turns the days of the inbox.
    turner = names.get("eraser", names["app"])
    statements += [
        f"grant execute on function turn_inbox(integer, integer) to {turner}",
        *(f"{grant} to {turner}" for grant in MAINTAIN),
    ]
    if "verifier" in names:
        # Also what is made later: a relation it may not read would make its look-up fail.
        statements.append(
            "alter default privileges in schema public "
            f"grant select on tables to {names['verifier']}"
        )
    for relation in await _relations(owner):
        rule = SPECIAL.get(
            relation["relname"],
            APPEND_ONLY_GRANTS if relation["comment"] == APPEND_ONLY else ORDINARY,
        )
        statements += [
            f'grant {verbs} on "{relation["relname"]}" to {names[role]}'
            for role, verbs in rule.items()
            if role in names
        ]
    if "app" in names:
        statements += await restriction(owner, names)
    async with owner.transaction():
        await owner.execute(";\n".join(statements))


async def _relations(owner: "Connection") -> list[asyncpg.Record]:
    return await owner.fetch(
        """
        select relname, obj_description(oid, 'pg_class') as comment
          from pg_catalog.pg_class
         where relnamespace = 'public'::regnamespace
           and relkind in ('r', 'p', 'v', 'm')
         order by relname
        """
    )
