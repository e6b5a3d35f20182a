"""The installation checks itself, keeps what it found, and shows it."""

from pathlib import Path

import httpx2
import orjson
import pytest

from services.canary.settings import PASSWORD_SECRET
from shared.stack.ports import LOOPBACK
from tests.canary.mailserver import PASSWORD, mailserver
from tests.installation import Installation
from tests.processes import run

pytestmark = pytest.mark.timeout(240)
LATEST = "select passed, found from self_check where name = $1 order by ended_at desc limit 1"


@pytest.mark.rule("R-SEC-01")
async def test_an_invented_person_is_signed_up_erased_proven_and_nowhere(
    installation: Installation, tmp_path: Path
) -> None:
    servers = installation.stack.inbox.folder.parent
    files = (servers / "postgres").resolve()
    searched = [files, servers / "kafka"]
    if not (files / "PG_VERSION").is_file():
        searched = [tmp_path]
    folders = [word for folder in searched for word in ("--files", str(folder))]

    code, told = await installation.command("canary", "--scrub", *folders, "--json")

    said = orjson.loads(told)
    assert (code, said["passed"], said["found"], said["problem"]) == (0, True, [], ""), told
    assert all(said["checks"].values())
    assert said["not_searched"] == []
    row = (await installation.ask("erasure", LATEST, "canary"))[0]
    assert (row["passed"], orjson.loads(row["found"])) == (True, said)


@pytest.mark.rule("R-SEC-01")
async def test_a_canary_whose_mails_do_not_come_is_seen_to_fail(installation: Installation) -> None:
    nowhere = f"{installation.settings.public_url}/dev/nowhere"

    code, told = await installation.command("canary", "--inbox", nowhere, "--json")

    said = orjson.loads(told)
    assert (code, said["passed"], said["problem"]) == (1, False, "HTTPStatusError"), told
    assert not (await installation.ask("erasure", LATEST, "canary"))[0]["passed"]


@pytest.mark.rule("R-SEC-01")
async def test_a_canary_reads_its_mails_at_a_mail_server_and_leaves_none_there(
    installation: Installation, tmp_path: Path
) -> None:
    mailers = ("newsletter", "others")
    secret = installation.settings.secrets / PASSWORD_SECRET
    async with mailserver(tmp_path) as server:
        server.lay("clerk@example.org")
        secret.write_text(PASSWORD)
        installation.stop(*mailers)
        installation.start(*mailers, EXPUNGE_SMTP=f"{LOOPBACK}:{server.smtp}")
        try:
            await installation.ready()
            there = {
                "EXPUNGE_CANARY_MAILBOX": server.url,
                "EXPUNGE_CANARY_ADDRESS": "canary+*@example.org",
                "SSL_CERT_FILE": str(server.certificate),
            }

            said = await run(("canary", "--json"), installation.environment | there)
        finally:
            installation.stop(*mailers)
            installation.start(*mailers)
            secret.unlink()
        left = [mail["To"] for mail in server.mails()]
    await installation.ready()

    told = orjson.loads(said.out)
    assert (said.code, told["passed"], told["found"], told["problem"]) == (0, True, [], ""), told
    assert left == ["clerk@example.org"]


@pytest.mark.rule("R-SEC-01")
async def test_what_is_checked_leaves_evidence_that_monitoring_sees(
    installation: Installation,
) -> None:
    code, told = await installation.command(
        "selfcheck", "--only", "overdue", "--only", "replay", "--json"
    )
    sql = "insert into subject (subject_id) values (gen_random_uuid()) returning subject_id"
    (row,) = await installation.ask("contact", sql)  # nothing would ever delete it
    try:
        failed, named = await installation.command("selfcheck", "--only", "overdue", "--json")
    finally:
        await installation.ask("contact", "delete from subject where subject_id = $1", row[0])

    assert (code, _results(told)) == (0, {"overdue": True, "replay": True}), told
    assert (failed, _results(named)) == (1, {"overdue": False}), named
    sql = "select passed from self_check where name = 'overdue' order by ended_at"
    rows = await installation.ask("erasure", sql)
    assert [row["passed"] for row in rows][-2:] == [True, False]
    async with httpx2.AsyncClient(trust_env=False) as client:
        gauges = (await client.get(f"{installation.settings.internal_url}/metrics/erasure")).text
    assert 'expunge_check_passed{check="overdue"} 0\n' in gauges
    assert 'expunge_check_passed{check="replay"} 1\n' in gauges


def _results(told: str) -> dict[str, bool]:
    found: dict[str, bool] = orjson.loads(told.splitlines()[-1])
    return found
