"""A backup from before an erasure, restored after it: first it forgets again, then it serves."""

from pathlib import Path
from uuid import UUID

import httpx2
import orjson
import pytest

from contracts.messages import SliceReerased, SliceVerified, parse
from tests.installation import Installation, confirm_erasure, eventually, receive_certificate
from tests.kill.converging import lines
from tests.whole import dumps
from tests.whole.someone import Someone, someone
from tests.whole.test_account import ACCOUNT, holder

pytestmark = pytest.mark.timeout(180)
RESTORED = ("--service", "newsletter", "--service", "rights")
WORKERS = ("newsletter", "others", "verifiers")


async def test_a_restored_backup_forgets_again_before_it_serves(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    ida, jan, ned = (someone(installation, browser) for _ in range(3))
    subject, kept = await ida.subscribe(), await jan.subscribe()
    pages = [await each.person.link("/preferences/") for each in (ida, jan)]
    pages.append(await jan.person.link("/consent/"))
    await _with_a_mail_that_waits(ned)
    folder = str(tmp_path / "backup")
    await _command(installation, "backup", folder, *RESTORED)
    installation.start("newsletter")
    await ned.person.link("/newsletter/confirm/")
    for each in (ida, ned):
        await each.be_erased()
    received = [len(await each.person.mails()) for each in (ida, ned)]

    await _refused(installation, "in use", "restore", folder)
    installation.stop()
    await _refuses_what_it_should(installation, tmp_path / "backup")
    await _command(installation, "restore", folder)
    assert await ida.subscriptions() == [subject], "the backup brought her back"
    installation.start("web")
    await installation.start_without_broker(*WORKERS)
    await eventually(lambda: _reason(installation, "newsletter"), "newsletter is not ready")
    for page in pages:
        assert (await browser.get(page)).status_code == 503, "a page that shows what is held"
    assert (await browser.get("/readyz")).status_code == 503
    assert (await browser.get("/en/newsletter/subscribe")).status_code == 200
    assert await _waiting_mails(ned), "nothing is mailed"

    installation.stop(*WORKERS)
    installation.start(*WORKERS)
    await installation.ready()
    assert not await ida.subscriptions(), "closed again before it serves"
    await _read_back_again(installation)
    assert (await browser.get(pages[1])).status_code == 200
    assert await jan.subscriptions() == [kept]
    assert not await ida.places()
    assert not await ned.places()
    assert received == [len(await each.person.mails()) for each in (ida, ned)], "no mail to them"
    await _nothing_is_wrong(installation)


async def test_a_database_restored_under_running_processes_is_noticed(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    kim, lou = someone(installation, browser), someone(installation, browser)
    subject, kept = await kim.subscribe(), await lou.subscribe()
    backup = await dumps.dump(installation.settings, "newsletter", tmp_path)
    await kim.be_erased()
    received = len(await kim.person.mails())

    await dumps.restore(installation.settings, "newsletter", backup)
    await installation.none_left("newsletter", "select from subject where subject_id = $1", subject)

    await installation.ready()
    assert b"database-restored" in installation.log("newsletter")
    assert await lou.subscriptions() == [kept]
    await _read_back_again(installation)
    assert not await kim.places()
    assert len(await kim.person.mails()) == received
    await _nothing_is_wrong(installation)


async def test_a_restored_origin_destroys_again_what_was_destroyed(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    mia = someone(installation, browser)
    await mia.subscribe()
    installation.stop("newsletter")
    await confirm_erasure(mia.person)
    backup = await dumps.dump(installation.settings, "rights", tmp_path)
    installation.start("newsletter")
    await receive_certificate(mia.person)
    await installation.closed()

    installation.stop()
    await dumps.restore(installation.settings, "rights", backup)
    assert await installation.ask("rights", "select from alias where address = $1", mia.address)
    installation.start()
    await installation.ready()

    await installation.closed()
    assert not await mia.places()
    await _nothing_is_wrong(installation)


@pytest.mark.rule("R-ACC-10", "R-18-01")
async def test_an_account_changed_after_the_backup_is_frozen_until_it_is_released(
    installation: Installation, browser: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with installation.browser() as other:
        ada, ben = holder(installation, browser), holder(installation, other)
        for each in (ada, ben):
            await each.sign_up()
            await each.sign_in()
        await ben.person.fill(f"{ACCOUNT}/details", {"city": "Bonn"})
        backup = await dumps.dump(installation.settings, "registration", tmp_path)
        await ada.person.fill(f"{ACCOUNT}/details", {"city": "Aachen"})
        told = "select from outbox"
        await installation.none_left("registration", told)

        installation.stop()
        await dumps.restore(installation.settings, "registration", backup)
        installation.start()
        await installation.ready()

        states = """
            select subject_id, email, restricted_at is not null as restricted
              from account join subject using (subject_id) where email = any($1)
        """
        people = [ada.person.address, ben.person.address]

        async def frozen() -> dict[str, UUID]:
            rows = await installation.ask("registration", states, people)
            return {row["email"]: row["subject_id"] for row in rows if row["restricted"]}

        # A backup some seconds old still holds a lease, so ready is not enough to wait for.
        found = await eventually(frozen, "what is older than its last change is restricted")
        assert list(found) == [ada.person.address]
        await ada.sign_in()
        assert "come from a backup" in (await browser.get(ACCOUNT)).text
        her = str(found[ada.person.address])
        code, listed = await installation.command("registration", "outdated", "--json")
        assert (code, orjson.loads(listed)["accounts"][0]["account"]) == (0, her)
        for expected in (0, 1):
            code, _ = await installation.command("registration", "outdated", "--release", her)
            assert code == expected
        answer = await ada.person.fill(f"{ACCOUNT}/details", {"city": "Aachen"})
        assert answer.url.path == ACCOUNT


async def _command(installation: Installation, *words: str) -> None:
    code, told = await installation.command(*words)
    assert code == 0, told


async def _refused(installation: Installation, why: str, *words: str) -> None:
    """See that a command is refused with a sentence, and that nothing was changed."""
    before = await _oids(installation)
    code, told = await installation.command(*words)

    assert (code, why in told) == (1, True), told
    assert await _oids(installation) == before


async def _refuses_what_it_should(installation: Installation, folder: Path) -> None:
    """See that a backup is refused that is old, changed, not whole, or of somebody else."""
    manifest = folder / "manifest.json"
    whole = manifest.read_text()
    said = orjson.loads(whole)
    others = {
        "BACKUP_HORIZON": {**said, "taken_at": "2020-01-01T00:00:00Z"},
        "from the future": {**said, "taken_at": "2999-01-01T00:00:00Z"},
        "another installation": {**said, "namespace": "other_"},
        "not the manifest": {**said, "format": "expunge-backup/v0"},
    }
    for why, other in others.items():
        manifest.write_bytes(orjson.dumps(other))
        await _refused(installation, why, "restore", str(folder))
    manifest.unlink()
    await _refused(installation, "no backup", "restore", str(folder))
    manifest.write_text(whole)
    dump = folder / "rights.dump"
    content = dump.read_bytes()
    dump.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    await _refused(installation, "was changed", "restore", str(folder))
    dump.write_bytes(content)
    await _refused(installation, "is not empty", "backup", str(folder))


async def _oids(installation: Installation) -> dict[str, int]:
    """Give the databases' own numbers: each that is made anew has another."""
    names = [installation.settings.database(name) for name in ("newsletter", "rights")]
    rows = await installation.ask(
        "newsletter", "select datname, oid from pg_database where datname = any($1)", names
    )
    return {row["datname"]: row["oid"] for row in rows}


async def _with_a_mail_that_waits(who: Someone) -> None:
    """Let the person sign up while nobody mails."""
    who.installation.stop("newsletter")
    await who.person.fill("/en/newsletter/subscribe", {"email": who.address})
    assert await _waiting_mails(who)


async def _waiting_mails(who: Someone) -> int:
    sql = "select from mail join pending using (subject_id) where email = $1"
    return len(await who.installation.ask("newsletter", sql, who.address))


async def _reason(installation: Installation, service: str) -> bool:
    return (await installation.readiness() or {}).get(service) == "catching-up"


async def _read_back_again(installation: Installation) -> None:
    """Wait until a verifier has looked at what was closed again, and found nothing left."""

    async def looked() -> bool:
        told = [parse(line).message for line in await lines(installation)]
        again = {
            (one.receipt_id, one.attempt)
            for one in told
            if isinstance(one, SliceReerased) and one.closed_count
        }
        seen = {
            (one.receipt_id, one.attempt)
            for one in told
            if isinstance(one, SliceVerified) and not one.remaining
        }
        return bool(again) and again <= seen

    await eventually(looked, "what was closed again is counted and read back")


async def _nothing_is_wrong(installation: Installation) -> None:
    code, told = await installation.command("audit", "replay", "--json")
    assert code == 0, told
    assert orjson.loads(told[told.index("{") :])["findings"]["total"] == 0
