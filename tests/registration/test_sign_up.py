"""Opening an account: two declarations, one mail, a password chosen by whoever reads it."""

import hashlib

import pytest

from contracts.messages import ConsentGranted, SliceErased
from contracts.purposes import PURPOSES
from contracts.vocabulary import Method, Reason
from services.registration import passwords
from services.registration.forms import SIGN_UP
from services.registration.inventory import PRESENTED
from services.registration.settings import PROMOTION, USE, configured
from shared.inventory import Basis
from tests.client import fill_form
from tests.registration.site import PASSWORD, Site, posting_form

FORM = "/en/registration/forms/sign-up"
FIELDS = [
    *("email", "title", "first_name", "last_name", "company", "department"),
    *("street", "postal_code", "city", "telephone"),
]


@pytest.mark.rule("R-ACC-01", "R-POL-09")
async def test_the_form_has_ten_fields_and_stores_no_other(site: Site) -> None:
    ada = site.address()
    action, entries = await fill_form(site.client, FORM, {"email": ada}, agree=("use",))

    refused = [
        await site.client.post(action, data={**entries, name: "DE"})
        for name in ("country", "birth_date", "subject_id")
    ]

    assert [field.name for field in SIGN_UP.fields] == FIELDS
    assert [answer.status_code for answer in refused] == [422, 422, 422]
    assert await site.value("select count(*) from account where email = $1", ada) == 0


@pytest.mark.rule("R-ACC-01")
async def test_every_field_is_kept_and_the_password_apart_as_argon2id(site: Site) -> None:
    ada = site.address()
    details = {name: f"{name} of Ada" for name in FIELDS[1:]}
    subject_id = await site.account(ada, details=details)

    row = await site.value("select to_jsonb(a) from account a where subject_id = $1", subject_id)
    stored = await site.value("select hash from credential where subject_id = $1", subject_id)

    assert {name: row[name] for name in details} == details
    assert stored.startswith("$argon2id$")
    assert "argon2" not in str(row)


@pytest.mark.rule("R-ACC-01")
def test_hashing_costs_what_rfc_9106_recommends() -> None:
    made = passwords.make_hasher()

    assert (made.type.name, made.time_cost, made.memory_cost, made.parallelism) == (
        "ID",
        3,
        65_536,
        4,
    )


@pytest.mark.rule("R-ACC-12")
async def test_nothing_holds_before_the_mailed_link_was_confirmed(site: Site) -> None:
    ada = site.address()
    before = len(await site.told())
    await site.sign_up(ada, promotion=True)
    link = await site.link(ada, "/confirm/")
    pages = [await site.client.get(link) for _ in range(3)]

    signed = await site.sign_in(ada)

    assert [page.status_code for page in pages] == [200, 200, 200]
    assert signed.status_code == 422
    assert await site.value("select confirmed_at from account where email = $1", ada) is None
    assert len(site.mailbox(ada)) == 1
    assert len(await site.told()) == before


@pytest.mark.rule("R-ACC-04", "R-ACC-12", "R-POL-01", "R-POL-03")
async def test_two_boxes_give_two_consents_with_their_wording(site: Site) -> None:
    ada = site.address()
    before = len(await site.told())
    subject_id = await site.account(ada, "de", promotion=True)

    told = [one for one in (await site.told())[before:] if isinstance(one, ConsentGranted)]
    wordings = site.web.state.web.pages.wordings["registration"]

    assert {one.purpose for one in told} == {USE, PROMOTION}
    for one in told:
        wording = wordings.by_sha256(one.wording_sha256)
        assert (wording.language, one.language, one.form) == ("de", "de", "sign-up")
        assert one.method is Method.DOUBLE_OPT_IN
    rows = await site.everything(subject_id)
    assert (rows["consent"], rows["account"], rows["credential"]) == (2, 1, 1)
    assert "declared" not in rows


@pytest.mark.rule("R-ACC-04")
async def test_the_boxes_are_unticked_and_promotion_is_nobodys_condition(site: Site) -> None:
    ada = site.address()
    page = await site.client.get("/en/registration/sign-up")
    form = posting_form(page)

    without = await site.post(page, form, {"email": ada, "promotion": form.unticked["promotion"]})
    subject_id = await site.account(ada)

    assert set(form.unticked) == {"use", "promotion"}
    assert without.status_code == 422
    purposes = "select array_agg(purpose) from consent where subject_id = $1"
    assert await site.value(purposes, subject_id) == [USE]


@pytest.mark.rule("R-ACC-05")
async def test_the_policy_that_was_shown_is_kept_beside_and_is_no_basis(site: Site) -> None:
    ada = site.address()
    page = await site.client.get("/de/registration/sign-up")
    subject_id = await site.account(ada, "de", promotion=True)

    sql = "select purpose, policy_version, policy_sha256 from presented where subject_id = $1"
    async with site.app.begin() as tx:
        rows = await tx.fetch(sql, subject_id)

    shown = (configured().policy / "policy.v1.de.md").read_bytes()
    assert 'href="/de/data-protection-policy.html"' in page.text
    assert {row["purpose"] for row in rows} == {USE, PROMOTION}
    assert {(row["policy_version"], row["policy_sha256"]) for row in rows} == {
        ("1", hashlib.sha256(shown).hexdigest())
    }
    assert PRESENTED.basis is None
    assert {PURPOSES[one].basis for one in (USE, PROMOTION)} == {Basis.CONSENT}


@pytest.mark.rule("R-ACC-12")
async def test_what_nobody_confirms_deletes_itself_with_a_receipt(site: Site) -> None:
    ada = site.address()
    await site.sign_up(ada, promotion=True, details={"first_name": "Ada", "street": "Hill 1"})
    link = await site.link(ada, "/confirm/")
    subject_id = await site.value("select subject_id from account where email = $1", ada)
    due = "select due_at - now() from deadline where subject_id = $1"
    left = await site.value(due, subject_id)
    before = len(await site.told())

    await site.let_pass(subject_id, "unconfirmed")

    assert 47 < left.total_seconds() / 3600 <= 48
    assert await site.everything(subject_id) == {}
    (receipt,) = [one for one in (await site.told())[before:] if isinstance(one, SliceErased)]
    assert receipt.reason is Reason.UNCONFIRMED
    assert (await site.client.get(link)).status_code == 404


@pytest.mark.rule("R-ACC-12")
async def test_a_late_click_opens_nothing_though_the_row_is_still_there(site: Site) -> None:
    ada = site.address()
    await site.sign_up(ada)
    link = await site.link(ada, "/confirm/")
    async with site.eraser.begin() as tx:
        sql = "update account set submitted_at = now() - interval '49 h' where email = $1"
        await tx.execute(sql, ada)

    assert (await site.client.get(link)).status_code == 404


@pytest.mark.rule("R-ACC-12")
async def test_an_address_with_an_account_sees_the_same_page_and_gets_another_mail(
    site: Site,
) -> None:
    ada, stranger = site.address(), site.address()
    subject_id = await site.account(ada)
    await site.forget_quota()

    known, unknown = (
        await site.sign_up(ada, details={"first_name": "Eve"}),
        await site.sign_up(stranger),
    )
    pages = [await site.client.get(one.headers["location"]) for one in (known, unknown)]
    mails = await site.mails(ada, "You have an account already")

    assert known.status_code == unknown.status_code == 303
    assert known.headers.keys() == unknown.headers.keys()
    assert len(pages[0].text) == len(pages[1].text)
    assert not [link for link in mails[0].links if "/confirm/" in link]
    assert "Eve" not in mails[0].text
    assert await site.subject(ada) == subject_id


@pytest.mark.rule("R-ACC-12")
async def test_two_sign_ups_of_one_address_make_one_account(site: Site) -> None:
    ada = site.address()
    await site.sign_up(ada, details={"first_name": "Ada"})
    first = await site.link(ada, "/confirm/")
    await site.sign_up(ada, details={"first_name": "Eve"})
    await site.forget_quota()
    second = await site.link(ada, "/confirm/", count=2)

    opened = await site.press(first, {"chosen": PASSWORD})
    other = await site.press(second, {"chosen": "another long pass phrase"})
    await site.clock()

    assert opened.headers["location"] == "/en/registration/confirmed"
    assert other.headers["location"] == "/en/registration/already"
    rows = "select array_agg(first_name) from account where email = $1"
    assert await site.value(rows, ada) == ["Ada"]
    assert (await site.sign_in(ada)).status_code == 303


@pytest.mark.rule("R-ACC-12")
async def test_whoever_did_not_want_it_deletes_it_with_one_button(site: Site) -> None:
    ada = site.address()
    await site.sign_up(ada)
    refuse, confirm = await site.link(ada, "/refuse/"), await site.link(ada, "/confirm/")
    looked = await site.client.get(refuse)

    answer = await site.press(refuse)
    dead = await site.client.get(confirm)
    await site.clock()

    assert (looked.status_code, answer.status_code, dead.status_code) == (200, 303, 404)
    assert await site.value("select count(*) from account where email = $1", ada) == 0


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "abababababababab", "{local}123"]
)
async def test_a_password_that_is_guessed_first_is_refused(site: Site, password: str) -> None:
    ada = site.address()
    await site.sign_up(ada)
    link = await site.link(ada, "/confirm/")
    chosen = password.format(local=ada.partition("@")[0])

    answer = await site.press(link, {"chosen": chosen})

    assert answer.status_code == 422
    assert chosen not in answer.text
    assert (await site.press(link, {"chosen": PASSWORD})).status_code == 303


async def test_a_form_that_is_sent_twice_makes_one_sign_up(site: Site) -> None:
    ada = site.address()
    action, entries = await fill_form(site.client, FORM, {"email": ada}, agree=("use",))

    first, again = [await site.client.post(action, data=entries) for _ in range(2)]

    assert first.headers["location"] == again.headers["location"]
    assert await site.value("select count(*) from account where email = $1", ada) == 1
