"""The evidence of a consent is with whoever holds its number, also when nothing else is left."""

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx2
import pytest
import pytest_asyncio

from contracts.messages import ConsentGranted
from services.erasure.declaration import SERVICE
from services.newsletter.declaration import SERVICE as NEWSLETTER
from shared.web import is_caught_up, public_app
from shared.web.language import Language
from shared.web.wordings import read_wordings
from tests.erasure.test_consents import granted, withdrawn
from tests.kernel import eventually
from tests.ledger import Ledger

FILE = "consent-receipt.json"
SHOWN = read_wordings(NEWSLETTER.folder).current("newsletter", Language.EN)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(on: Ledger) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the public pages of the ledger and of the slice whose text was shown."""
    app = public_app(on.settings, [SERVICE.part(), NEWSLETTER.part()])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened
    await app.state.web.close()


async def ready(on: Ledger) -> None:
    """Await that the ledger vouches for what it shows."""

    async def is_ready() -> bool:
        async with on.database.begin() as tx:
            return await is_caught_up(tx)

    await eventually(is_ready)


def agreed(consent_id: UUID) -> ConsentGranted:
    """Agree to the text that the newsletter really shows."""
    said = granted(consent_id).model_dump()
    return ConsentGranted(**{**said, "wording_sha256": SHOWN.sha256})


async def heard(on: Ledger, consent_id: UUID, column: str) -> None:
    sql = f"select {column} is not null from consent_evidence where consent_id = $1"
    await eventually(lambda: on.value(sql, consent_id))
    await ready(on)


@pytest.mark.rule("R-NL-09")
async def test_who_has_the_number_sees_the_proof_and_takes_it_along(
    on: Ledger, client: httpx2.AsyncClient
) -> None:
    consent = uuid4()
    async with on.working():
        await on.say(on.signer("newsletter"), agreed(consent))
        await heard(on, consent, "granted_at")
        pages = [await client.get(f"/{lang}/erasure/consents/{consent}") for lang in ("de", "en")]
        file = await client.get(f"/en/erasure/consents/{consent}/{FILE}")

    assert [page.status_code for page in pages] == [200, 200]
    assert "No name and no address is stored here" in pages[1].text
    assert "weder Name noch Adresse" in pages[0].text
    assert "this I agree that my email address" in pages[1].text
    assert f'filename="{FILE}"' in file.headers["content-disposition"]
    receipt = json.loads(file.content)
    assert {"schema_version", "record_id", "pii_principal_id"} <= receipt.keys()
    assert (receipt["record_id"], receipt["pii_principal_id"]) == (str(consent), None)
    (purpose,) = receipt["pii_processing"]["purposes"]
    assert (purpose["purpose"], purpose["lawful_basis"]) == ("newsletter.send", "GDPR Art. 6(1)(a)")
    assert receipt["pii_processing"]["privacy_notice_sha256"] == SHOWN.sha256
    assert [event["event_state"] for event in receipt["event"]] == ["given"]
    roles = [party["party_role"] for party in receipt["party_identification"]]
    assert roles == ["PII controller", "data protection officer", "supervisory authority"]


@pytest.mark.rule("R-NL-09")
async def test_a_consent_that_ended_says_when(on: Ledger, client: httpx2.AsyncClient) -> None:
    consent, lone = uuid4(), uuid4()
    async with on.working():
        await on.say(on.signer("newsletter"), agreed(consent))
        await on.say(on.signer("newsletter"), withdrawn(consent))
        await on.say(on.signer("newsletter"), withdrawn(lone))
        await heard(on, consent, "withdrawn_at")
        await heard(on, lone, "withdrawn_at")
        page = await client.get(f"/en/erasure/consents/{consent}")
        file = await client.get(f"/en/erasure/consents/{consent}/{FILE}")
        half = await client.get(f"/en/erasure/consents/{lone}")

    assert "This consent ended" in page.text
    states = [event["event_state"] for event in json.loads(file.content)["event"]]
    assert states == ["given", "withdrawn"]
    assert half.status_code == 200


@pytest.mark.parametrize("end", ["", f"/{FILE}"])
async def test_any_other_number_shows_nothing(
    on: Ledger, client: httpx2.AsyncClient, end: str
) -> None:
    async with on.working():
        await ready(on)
        answers = [
            await client.get(f"/en/erasure/consents/{wanted}{end}")
            for wanted in (uuid4(), "nonsense", "1", "..%2f..")
        ]

    assert {answer.status_code for answer in answers} == {404}
