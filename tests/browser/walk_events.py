"""A gathering by keyboard: entered, registered for, concluded, and what people think of it."""

from tests.browser.visitor import Visitor
from tests.installation import Installation

DATES = "2099-03-01 09:00 - 17:00\n2099-03-02 09:00 - 12:00"
BEGUN = "update gathering set begins_at = now() - interval '1 hour' where gathering_id = $1"


async def walk_events(
    visitor: Visitor,
    organiser: Visitor,
    installation: Installation,
) -> None:
    """Walk through every page."""
    gathering = await _enter(organiser)
    await _register(visitor, gathering)
    await _decide(visitor)
    await installation.ask("events", BEGUN, gathering)
    await _conclude(organiser, gathering)
    await _say(visitor)


async def _enter(organiser: Visitor) -> str:
    await organiser.open(f"/{organiser.lang}/events/desk")
    await organiser.look()
    await organiser.follow('main a[href$="/desk/enter"]')
    await organiser.look()
    await organiser.send()
    await organiser.look()
    await organiser.choose("kind", "S" if organiser.lang == "de" else "T")
    await organiser.type("title_de", "Ordnung im Archiv")
    await organiser.type("title_en", "Order in the archive")
    await organiser.type("place", "Bonn")
    await organiser.type("capacity", "9")
    await organiser.type("dates", DATES)
    await organiser.tick("listed")
    await organiser.send()
    await organiser.look()
    gathering = organiser.page.url.rpartition("/")[2]
    for path in ("invite", "move", "cancel"):
        await organiser.open(f"/{organiser.lang}/events/desk/gathering/{gathering}/{path}")
        await organiser.look()
        if path == "invite":
            await organiser.send()
            await organiser.look()
    return gathering


async def _register(visitor: Visitor, gathering: str) -> None:
    await visitor.open(f"/{visitor.lang}/")
    await visitor.follow(f'main a[href="/{visitor.lang}/events/gatherings"]')
    await visitor.look()
    await visitor.follow(f'main a[href$="/events/register/{gathering}"]')
    await visitor.look()
    await visitor.type("first_name", "Zoë")
    await visitor.send()
    await visitor.look()
    await visitor.type("last_name", "Keller")
    await visitor.type("email", visitor.person.address)
    await visitor.tick("by_email")
    for box in ("registration", "survey", "material"):
        await visitor.tick(box)
    await visitor.send()
    assert "/events/sent/" in visitor.page.url
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/again")
    await visitor.look()
    link = await visitor.person.link("/events/confirm/")
    await visitor.open(link)
    await visitor.look()
    await visitor.send()
    assert visitor.page.url.endswith("/confirmed")
    await visitor.look()
    await visitor.open(link)
    await visitor.look()


async def _decide(visitor: Visitor) -> None:
    seat = await visitor.person.link("/events/seat/")
    await visitor.open(seat)
    await visitor.look()
    for path in ("cancel", "stop", "no-survey", "no-material"):
        await visitor.open(f"{seat}/{path}")
        await visitor.look()


async def _conclude(organiser: Visitor, gathering: str) -> None:
    page = f"/{organiser.lang}/events/desk/gathering/{gathering}"
    await organiser.open(f"{page}/attendance")
    await organiser.look()
    await organiser.send()
    await organiser.look()
    await organiser.open(f"{page}/conclude")
    await organiser.look()
    await organiser.send()
    await organiser.look()


async def _say(visitor: Visitor) -> None:
    await visitor.open(await visitor.person.link("/events/survey/"))
    await visitor.look()
    await visitor.send()
    await visitor.look()
    await visitor.choose("overall", "S" if visitor.lang == "de" else "V")
    await visitor.choose("interest", "A")
    await visitor.send()
    assert "/events/thanks/" in visitor.page.url
    await visitor.look()
    await visitor.open(await visitor.person.link("/events/reading/"))
    await visitor.look()
