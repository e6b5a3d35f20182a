"""People hand in their data: each slice asks for itself, and for each declaration by itself."""

from demo.people import NAMES, POSTAL, Cast, Member
from demo.person import Person, forms_of
from demo.stage import Stage

CHOSEN = "seven blue herons wade"  # the people's password
DOCUMENT = "documents/archive-in-a-day"
SCRIPT = "/assets/trackers/clarity"


async def choose_cookies(stage: Stage, nobody: Person) -> None:
    """Let a browser choose: nothing is loaded or kept by person before."""
    stage.checks.chapter("A browser chooses; nobody knows whose it is")
    before = await nobody.look("/en/")
    stage.checks.holds(
        "before a choice no page loads a tracker",
        true=SCRIPT not in before.text and not nobody.browser.cookies,
        seen="no script of others, no cookie",
    )
    ticked = ("web_analytics", "tracker_clarity")
    answer = await nobody.fill("/en/cookies", tick=ticked)
    stage.led("it allows analysis and one of six trackers", answer, "/cookies/saved")
    after = await nobody.look("/en/")
    async with stage.browser() as other:
        elsewhere = await other.get("/en/")
    loaded = SCRIPT in after.text and SCRIPT not in elsewhere.text
    stage.checks.holds("that tracker loads in this browser alone", true=loaded, seen="clarity")


async def open_account(stage: Stage, one: Member, *fields: str) -> None:
    """Sign up with both declarations, confirm from the mailbox, sign in, read a document."""
    lang = one.language
    await one.fill(f"/{lang}/registration/sign-up", one.typed(*fields), tick=("use", "promotion"))
    answer = await one.fill(await one.link("/registration/confirm/"), {"chosen": CHOSEN})
    stage.led(f"{one.name} opens an account, with both declarations", answer, "/confirmed")
    entries = {"email": one.address, "password": CHOSEN}
    await one.fill(f"/{lang}/registration/sign-in", entries)
    document = await one.look(f"/{lang}/{DOCUMENT}")
    stage.led(f"{one.name} is signed in and reads a protected document", document, DOCUMENT)


async def subscribe(stage: Stage, one: Member) -> None:
    """Fill the newsletter's form, follow the mailed link, press its one button."""
    await one.fill(f"/{one.language}/newsletter/subscribe", one.typed(*NAMES))
    answer = await one.fill(await one.link("/newsletter/confirm/"))
    stage.led(f"{one.name} subscribes to the newsletter", answer, "/newsletter/confirmed")


async def take_seat(
    stage: Stage, one: Member, gathering: str, what: str, *fields: str, tick: tuple[str, ...] = ()
) -> str:
    """Register for a gathering and confirm it; gives the path of the seat's page."""
    form = f"/{one.language}/events/register/{gathering}"
    await one.fill(form, one.typed(*fields), tick=("registration", *tick))
    answer = await one.fill(await one.link("/events/confirm/"))
    stage.led(f"{one.name} takes a seat in the {what}", answer, "/events/seat/")
    return str(answer.url.path.removesuffix("/confirmed"))


async def write_to_us(stage: Stage, one: Member) -> str:
    """Send the contact form; gives the reference that its page shows."""
    answer = await one.fill("/en/contact/message", one.typed("message"))
    stage.led(f"{one.name} writes by the contact form", answer, "/contact/sent")
    return answer.text.partition("Reference: ")[2].partition("<")[0].strip()


async def prefilled(stage: Stage, ada: Member, webinar: str) -> None:
    """See that the events' form is filled from the account of whoever is signed in."""
    page = await ada.look(f"/en/events/register/{webinar}")
    known = forms_of(page.text)[0].values.get("last_name") == ada.words["last_name"]
    stage.checks.holds("her account fills the webinar's form for her", true=known)


async def arrive(stage: Stage, cast: Cast, webinar: str, training: str) -> tuple[str, str]:
    """Let all four come; gives the path of Ben's seat and the reference of Emil's message."""
    stage.checks.chapter("Four people hand in data; each act is confirmed from their own mailbox")
    await open_account(stage, cast.ada, *NAMES, "company", *POSTAL)
    await prefilled(stage, cast.ada, webinar)
    everything = ("survey", "material", "by_email", "by_post")
    fields = (*NAMES, "company", *POSTAL)
    await take_seat(stage, cast.ada, webinar, "webinar, all declarations", *fields, tick=everything)
    await write_to_us(stage, cast.ada)
    await open_account(stage, cast.ben)
    seat = await take_seat(stage, cast.ben, webinar, "webinar", *NAMES)
    await take_seat(stage, cast.cleo, training, "paid training", *NAMES, "company", *POSTAL)
    await take_seat(stage, cast.emil, training, "paid training", *NAMES)
    reference = await write_to_us(stage, cast.emil)
    for one in cast.members:
        await subscribe(stage, one)
    return seat, reference
