"""Ways through every form there is, over the links and sessions that people and staff get."""

import base64
import secrets
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2

from shared.database import Database
from shared.desk import add_staff
from shared.desk.accounts import STEP_S, _totp
from tests.whole.posting import Posting

DATES = {"dates": "2099-03-01 09:00 - 17:00"}
ENTRY = DATES | {"capacity": "9", "listed": "yes"}
BEGUN = "update gathering set begins_at = now() - interval '1 hour' where gathering_id = $1"
UNSENT = "select from letter where subject_id = $1 and from_us and sent_at is null"


async def post_everything(posting: Posting, folder: Path) -> None:
    """Go every way once; `folder` is empty, for what an editor writes."""
    await _newsletter(posting)
    await _website(posting)
    await _rights(posting)
    await _contact(posting)
    await _events(posting)
    await _account(posting, folder)
    await _account_given_up(posting)
    await _stay(posting)


async def _stay(posting: Posting) -> None:
    """Let somebody stay in each service that people can leave, with words to be found."""
    async with posting.installation.browser() as eve, posting.inside() as staff:
        await _subscribe(posting, eve)
        await _write(posting, eve)
        await _sign_in(posting, staff, "events")
        entered = await posting.post(staff, "events/enter", given=ENTRY)
        await _book(posting, eve, entered.secret)
        await _open_account(posting, eve)
        await posting.post(eve, "registration/change")


async def _subscribe(posting: Posting, ada: httpx2.AsyncClient) -> str:
    """Subscribe, confirm, change what is kept; gives the address."""
    sent = await posting.post(ada, "newsletter/subscribe")
    await posting.post(ada, "newsletter/resend", token=sent.secret)
    email = sent.entries["email"]
    confirm = await posting.mailed(ada, email, "/newsletter/confirm/")
    await posting.post(ada, "newsletter/confirm", token=confirm)
    own = await posting.mailed(ada, email, "/newsletter/preferences/")
    await posting.post(ada, "newsletter/preferences", token=own)
    await posting.post(ada, "newsletter/renew", token=own)
    return email


async def _newsletter(posting: Posting) -> None:
    async with posting.installation.browser() as ada:
        email = await _subscribe(posting, ada)
        end = await posting.mailed(ada, email, "/newsletter/unsubscribe/")
        await posting.post(ada, "newsletter/unsubscribe", token=end)


async def _website(posting: Posting) -> None:
    async with posting.installation.browser() as ada:
        for form in ("choices", "settings", "counting", "google", "erase"):
            await posting.post(ada, f"website/{form}")


async def _rights(posting: Posting) -> None:
    async with posting.installation.browser() as ada:
        sent = await posting.post(ada, "rights/erase")
        await posting.post(ada, "rights/resend", token=sent.secret)
        confirm = await posting.mailed(ada, sent.entries["email"], "/rights/confirm/")
        await posting.post(ada, "rights/confirm", token=confirm)
        await posting.post(ada, "erasure/verify")
        await posting.post(ada, "erasure/verify-file")
        await posting.post(ada, "erasure/log-entry", given={"which": "0"})


async def _write(posting: Posting, ada: httpx2.AsyncClient) -> tuple[str, str]:
    """Write a message and one more; gives the address and the secret of the case's link."""
    sent = await posting.post(ada, "contact/message")
    token = await posting.mailed(ada, sent.entries["email"], "/contact/case/")
    await posting.post(ada, "contact/follow", token=token)
    await posting.post(ada, "contact/renew", token=token)
    return sent.entries["email"], token


async def _contact(posting: Posting) -> None:
    async with posting.installation.browser() as ada, posting.inside() as clerk:
        await _sign_in(posting, clerk, "contact")
        for closing in ("end", "close"):
            email, token = await _write(posting, ada)
            sql = "select subject_id from inquiry where email = $1"
            (row,) = await posting.installation.ask("contact", sql, email)
            case = str(row["subject_id"])
            await posting.post(clerk, "contact/answer", case=case)
            if closing == "end":
                await posting.post(ada, "contact/end", token=token)
            else:
                await posting.installation.none_left("contact", UNSENT, row["subject_id"])
                await posting.post(clerk, "contact/close", case=case)
        await posting.post(clerk, "contact/desk-sign-out")


async def _sign_in(posting: Posting, staff: httpx2.AsyncClient, service: str) -> None:
    """Make an account at a desk and sign in to it."""
    settings = posting.installation.settings
    database = await Database.connect(settings, service, "app", size=1)
    async with database.begin() as tx:
        grace = await add_staff(tx, f"grace-{secrets.token_hex(3)}")
    await database.close()
    seed = base64.b32decode(parse_qs(urlsplit(grace.uri).query)["secret"][0])
    code = _totp(seed).generate(int(time.time()) // STEP_S * STEP_S).decode()
    given = {"name": grace.name, "password": grace.password, "code": code}
    await posting.post(staff, f"{service}/desk-sign-in", given=given)


async def _events(posting: Posting) -> None:
    async with posting.installation.browser() as ada, posting.inside() as organiser:
        await _sign_in(posting, organiser, "events")
        first, second = [
            (await posting.post(organiser, "events/enter", given=ENTRY)).secret for _ in range(2)
        ]
        await posting.post(organiser, "events/invite", gathering=first)
        await posting.post(organiser, "events/move", gathering=first, given=DATES)

        _, seat = await _book(posting, ada, first)
        for form in ("renew", "no-survey", "no-material", "stop", "cancel"):
            await posting.post(ada, f"events/{form}", token=seat)

        email, _ = await _book(posting, ada, first)
        await posting.installation.ask("events", BEGUN, first)
        sql = "select subject_id from seat where email = $1"
        (row,) = await posting.installation.ask("events", sql, email)
        there = {"seat": str(row["subject_id"]), "attended": "yes"}
        await posting.post(organiser, "events/attendance", gathering=first, given=there)
        await posting.post(organiser, "events/conclude", gathering=first)
        survey = await posting.mailed(ada, email, "/events/survey/")
        await posting.post(ada, "events/survey", token=survey)

        await _book(posting, ada, second)
        await posting.post(organiser, "events/call-off", gathering=second)
        await posting.post(organiser, "events/desk-sign-out")


async def _book(posting: Posting, ada: httpx2.AsyncClient, gathering: str) -> tuple[str, str]:
    """Take a seat with all declarations; gives the address and the secret of the seat's link."""
    sent = await posting.post(ada, "events/register", gathering=gathering)
    email = sent.entries["email"]
    await posting.post(ada, "events/resend", token=sent.secret)
    confirm = await posting.mailed(ada, email, "/events/confirm/")
    await posting.post(ada, "events/confirm", token=confirm)
    return email, await posting.mailed(ada, email, "/events/seat/", after=1)


async def _open_account(posting: Posting, ada: httpx2.AsyncClient) -> dict[str, str]:
    """Sign up and choose a password; gives what to sign in with."""
    sent = await posting.post(ada, "registration/sign-up")
    email = sent.entries["email"]
    await posting.post(ada, "registration/resend", token=sent.secret)
    confirm = await posting.mailed(ada, email, "/registration/confirm/")
    chosen = await posting.post(ada, "registration/confirm", token=confirm)
    given = {"email": email, "password": chosen.entries["chosen"], "document": ""}
    await posting.post(ada, "registration/sign-in", given=given)
    return given


async def _account(posting: Posting, folder: Path) -> None:
    async with posting.installation.browser() as ada:
        given = await _open_account(posting, ada)
        await _stop(posting, ada, given["email"], folder)
        for form in ("disagree", "agree", "renew", "change"):
            await posting.post(ada, f"registration/{form}")
        password = {"password": given["password"]}
        moved = await posting.post(ada, "registration/change-address", given=password)
        email = moved.entries["email"]
        token = await posting.mailed(ada, email, "/registration/address/")
        await posting.post(ada, "registration/new-address", token=token)

        async with posting.installation.browser() as other:
            again = {"email": email, **password, "document": ""}
            await posting.post(other, "registration/sign-in", given=again)
            await posting.post(other, "registration/sign-out")
            await posting.post(other, "registration/reset", given={"email": email})
            reset = await posting.mailed(other, email, "/registration/reset/")
            chosen = await posting.post(other, "registration/new-password", token=reset)
        again |= {"password": chosen.entries["chosen"]}
        await posting.post(ada, "registration/sign-in", given=again)
        given = {"password": again["password"]}
        changed = await posting.post(ada, "registration/change-password", given=given)
        again |= {"password": changed.entries["chosen"]}
        await posting.post(ada, "registration/sign-in", given=again)
        given = {"password": again["password"], "newsletter": "yes", "events": "yes"}
        await posting.post(ada, "registration/end", given=given)


async def _stop(posting: Posting, ada: httpx2.AsyncClient, email: str, folder: Path) -> None:
    """Have a promotion sent, and stop them with the link in it."""
    for lang in ("de", "en"):
        (folder / f"{lang}.md").write_text(f"---\nsubject: Guides {lang}\n---\nRead them.\n")
    code, told = await posting.installation.command("registration", "promote", str(folder))
    assert code == 0, told
    stop = await posting.mailed(ada, email, "/registration/stop/")
    await posting.post(ada, "registration/stop", token=stop)


async def _account_given_up(posting: Posting) -> None:
    """Open an account and take its declaration back; refuse one that another typed in."""
    async with posting.installation.browser() as ben:
        given = await _open_account(posting, ben)
        sql = "select sign_in_id from sign_in join account using (subject_id) where email = $1"
        async with posting.installation.browser() as other:
            await posting.post(other, "registration/sign-in", given=given)
            rows = await posting.installation.ask("registration", sql, given["email"])
            one = {"sign_in": str(rows[0]["sign_in_id"])}
            await posting.post(other, "registration/end-sign-in", given=one)
        await posting.post(ben, "registration/sign-in", given=given)
        await posting.post(ben, "registration/withdraw")
        await posting.installation.none_left(
            "registration", "select from account where email = $1", given["email"]
        )
        refused = await posting.post(ben, "registration/sign-up")
        token = await posting.mailed(ben, refused.entries["email"], "/registration/refuse/")
        await posting.post(ben, "registration/refuse", token=token)
