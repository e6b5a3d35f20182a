"""Whoever makes exports has no business with what proves whose a certificate is."""

import pytest

from shared.database import Database, Kernel, apply
from shared.settings import Settings


@pytest.mark.parametrize("table", ["nonce", "status_link", "alias", "token"])
async def test_an_export_reads_no_secret_of_a_request(settings: Settings, table: str) -> None:
    await apply(settings, "office", None, kernel=Kernel.ORIGIN)
    database = await Database.connect(settings, "office", "exporter", size=1)
    async with database.begin() as tx:
        assert not await tx.fetchval(
            "select has_table_privilege($1::regclass::oid, 'select')", table
        )
    await database.close()
