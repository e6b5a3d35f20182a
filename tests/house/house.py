"""Both listeners of all services in one process, on empty databases, and a look at what is kept."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx2

from contracts.proof import Signer
from contracts.vocabulary import Role
from services.registry import SERVICES, participants, schemas, with_database
from shared.database import Database
from shared.database.migrations import apply_schemas
from shared.keys import apply_keys, signer_for
from shared.settings import Settings
from shared.web import internal_app, new_token, public_app
from shared.web.csrf import csrf_token
from shared.web.guard import CSRF, cookie_name, session_digest
from tests.bad_input import sample

# Rows of these say nothing about what was sent: counters and what a migration wrote.
NOT_STORED = "{ephemeral,daily_key,migration,total}"
SESSION = "a-session"
FORMS = {
    form.key: form
    for service in SERVICES
    for form in (*service.part().forms, *service.part().desk_forms)
}
DESKS = {form.key for service in SERVICES for form in service.part().desk_forms}


class House:
    """Both listeners of all services, and a look at everything they store."""

    def __init__(self, settings: Settings) -> None:
        parts = [service.part() for service in SERVICES]
        self.settings = settings
        self.public = public_app(settings, parts, connect=self._connect)
        self.internal = internal_app(settings, parts, beside=self.public)
        self._seen: dict[str, Database] = {}
        self._admins: dict[str, asyncpg.Connection] = {}

    async def _connect(self, service: str) -> Database:
        signer = self.signer(service)
        return await Database.connect(self.settings, service, "app", signer=signer, size=2)

    def signer(self, service: str) -> Signer:
        """Give what a service signs with."""
        return signer_for(self.settings, service, Role.SERVICE)

    @classmethod
    async def open(cls, settings: Settings) -> "House":
        """Make the databases, as if every service had caught up: nobody consumes here."""
        await apply_schemas(settings, schemas())
        apply_keys(settings, [one.name for one in with_database()], participants())
        house = cls(settings)
        for service in with_database():
            async with (await house.pool(service.name)).begin() as tx:
                await tx.execute("insert into lease values ('ready/none/0', 1, '2999-01-01')")
        return house

    async def pool(self, service: str) -> Database:
        """Give the web's own pool of a service."""
        return await self.public.state.web.database(service)  # type: ignore[no-any-return]

    async def token(self, service: str, subject: UUID, purpose: str) -> str:
        """Make the link that a mail would have carried."""
        async with (await self.pool(service)).begin() as tx:
            until = await tx.fetchval("select now() + interval '1 day'")
            return await new_token(tx, subject, purpose, until)

    async def post(
        self,
        client: httpx2.AsyncClient,
        key: str,
        path: Mapping[str, str] | None = None,
        **entries: str,
    ) -> httpx2.Response:
        """Send a form as its page would: everything it asks for, and these entries instead.

        An entry that is empty is left out; a form of signed-in people gets its token.
        """
        form = FORMS[key]
        given = {**sample(form, self.public.state.web), **entries}
        if form.guard:
            cookie = client.cookies.get(cookie_name(self.public.state.web, form.guard)) or ""
            given |= {CSRF: self.guard_token(cookie)[CSRF]}
        action = form.action.format(**{**(path or {}), "lang": "en"})
        return await client.post(action, data={k: v for k, v in given.items() if v})

    async def rows(self) -> dict[tuple[str, str], Counter[str]]:
        """Give every row of every database, as text, by service and table; no role of ours may."""
        found = {}
        for service in with_database():
            if service.name not in self._admins:
                url = urlsplit(self.settings.admin_url())
                path = f"/{self.settings.database(service.name)}"
                self._admins[service.name] = await asyncpg.connect(url._replace(path=path).geturl())
            for table in await self.stored(service.name):
                all_of = await self._admins[service.name].fetch(f'select t::text from "{table}" t')
                found[service.name, table] = Counter(str(row[0]) for row in all_of)
        return found

    async def value(self, service: str, sql: str, *arguments: object) -> Any:
        """Ask a database for one value."""
        async with (await self.pool(service)).begin() as tx:
            return await tx.fetchval(sql, *arguments)

    def client(self, *, public: bool) -> httpx2.AsyncClient:
        """Open a client of one listener."""
        transport = httpx2.ASGITransport(app=self.public if public else self.internal)
        return httpx2.AsyncClient(transport=transport, base_url=self.settings.public_url)

    def guard_token(self, session: str = SESSION) -> dict[str, str]:
        """Give the entry that a form of somebody signed in carries."""
        key = self.settings.make_secret("web/csrf").encode()
        return {CSRF: csrf_token(key, session_digest(session))}

    async def stored(self, service: str) -> dict[str, int]:
        """Count every row of a service's database, by table."""
        if service not in self._seen:
            pool = await Database.connect(self.settings, service, "verifier", size=1)
            self._seen[service] = pool
        async with self._seen[service].begin() as tx:
            names = await tx.fetch(
                """
                select relname
                  from pg_catalog.pg_class
                 where relkind = 'r'
                   and not relispartition  -- days of the inbox and of the technical log
                   and relnamespace = 'public'::regnamespace
                   and relname <> all ($1::text[]::name[])
                """,
                NOT_STORED.strip("{}").split(","),
            )
            each = " union all ".join(
                f"select '{row['relname']}', count(*) from \"{row['relname']}\"" for row in names
            )
            return {row[0]: row[1] for row in await tx.fetch(each)}

    async def close(self) -> None:
        """Close every pool."""
        await self.public.state.web.close()
        for pool in self._seen.values():
            await pool.close()
        for admin in self._admins.values():
            await admin.close()
