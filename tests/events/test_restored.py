"""A backup that comes back does not bring back what stood on a declaration that was taken back."""

from types import SimpleNamespace

from contracts.messages import ConsentWithdrawn
from services.events.declaration import SERVICE
from services.events.inventory import INVENTORY
from services.events.settings import SURVEY
from tests.events.site import Events

ADDRESS = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}


async def test_answers_go_again_and_everything_else_stays(events: Events) -> None:
    gathering = await events.gathering()
    people = [
        await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
        for _ in range(2)
    ]
    await events.held(gathering, *people)
    for one in people:
        await events.press(
            await events.link(one.address, "/survey/"),
            {"overall": "good", "interest": "archive", "remark": "loud"},
        )
    ada = people[0]
    sql = "select consent_id from consent where subject_id = $1 and purpose = $2"
    consent = (await events.row(sql, ada.subject_id, SURVEY))["consent_id"]
    # What the log says, and the restored database does not know yet.
    line = SimpleNamespace(
        message=SimpleNamespace(consent_id=consent), event=SimpleNamespace(source=SERVICE.name)
    )
    assert SERVICE.find is not None
    react = SERVICE.hears(INVENTORY, SERVICE.find)[ConsentWithdrawn]

    async with events.eraser.begin() as tx:
        tx.catching_up = True
        await react(tx, [line])  # type: ignore[list-item]
    await events.clock()

    left, kept = [await events.everything(one.subject_id) for one in people]
    assert not {"survey_answer", "remark"} & left.keys()
    assert (left["consent"], left["sending"]) == (2, 1)
    assert {"survey_answer", "remark", "sending"} <= kept.keys()
