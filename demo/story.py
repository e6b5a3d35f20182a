"""The story: four invented people and a browser, six slices, two erasures, what holds after it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console

from contracts.messages import ErasureCertified
from demo import arriving, leaving, proving, working
from demo.checks import Checks
from demo.stage import Stage
from shared.settings import Settings


@dataclass
class Told:
    """What came of the story, for people and for programs."""

    checks: Checks
    seconds: dict[str, float] = field(default_factory=dict)


async def tell(
    settings: Settings, databases: Sequence[str], environment: dict[str, str], console: Console
) -> Told:
    """Tell the story against the running system.

    Raises DoesNotHold, or TimeoutError where something did not come.
    """
    stage = Stage(settings, databases, environment, Checks(console))
    async with stage.cast() as cast:
        webinar, training = await working.enter_gatherings(stage)
        await arriving.choose_cookies(stage, cast.nobody)
        seat, reference = await arriving.arrive(stage, cast, webinar, training)
        await leaving.take_one_back(stage, cast.ben, seat)
        await working.send_mails(stage, cast)
        await working.answer_letter(stage, cast, reference)
        await working.hold_webinar(stage, webinar, cast.ada)
        await working.bill(stage, training, cast.cleo)
        before = await proving.remember(stage)
        cleo = await leaving.be_erased(stage, cast.cleo)
        ada = await leaving.be_erased(stage, cast.ada)
        await leaving.erase_browser(stage, cast.nobody)
        await proving.verify(stage, ada, cleo)
        await proving.replay(stage)
        await proving.search(stage, before)
        await proving.come_back(stage, cast.ada)
    told = Told(stage.checks)
    for one, erased in (("Cleo", cleo), ("Ada", ada)):
        told.seconds[one] = round(erased.saga.seconds_to(ErasureCertified) or 0.0, 3)
    end(told, len(ada.saga.participants))
    return told


def end(told: Told, slices: int) -> None:
    """Say what was measured."""
    console = told.checks.console
    console.print(f"\n[bold green]All {len(told.checks.made)} checks hold.[/bold green]")
    console.print(
        f"From Ada's last click to the certificate: {told.seconds['Ada']:.2f} s "
        f"({slices} slices, at rest)."
    )
    console.print(
        "The development inbox plays people's own mailboxes: the search is not in there.",
        style="dim",
    )
