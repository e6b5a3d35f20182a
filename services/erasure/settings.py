"""What an operator sets for the ledger; defaults are the installation's stated parameters."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from contracts.errors import BadLog
from contracts.fields import MAX_SERVICES
from contracts.tlog.notes import COSIGNATURE, VerifierKey
from contracts.topics import MAX_TRANSACTION_LINES
from shared.settings import FromEnvironment

FOLDER: Final = Path(__file__).parent
MIGRATIONS: Final = FOLDER / "migrations"
CERTIFY_BATCH: Final = 500  # sagas in one transaction of the certifier
REMIND_BATCH: Final = MAX_TRANSACTION_LINES // MAX_SERVICES  # each saga may owe every answer
EXTEND_BATCH: Final = 500
FORGET_BATCH: Final = 5_000  # consents whose proof is over, in one transaction
CERTIFY_POLL: Final = timedelta(seconds=2)  # in case a wake-up was lost with its process
CLOCK_POLL: Final = timedelta(seconds=5)
PUBLISH_EVERY: Final = timedelta(seconds=5)  # the log's files
WITNESS_EVERY: Final = timedelta(seconds=5)  # asking witnesses for what they lack
REPAIR_EVERY: Final = timedelta(minutes=10)  # looking for certificates that a restore lost


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who watches the log: the key it signs with, and where it is asked."""

    key: VerifierKey
    url: str


def read_witnesses(text: str) -> tuple[Witness, ...]:
    """Read `KEY URL` from each line. Raises ValueError naming what is wrong, no value."""
    found: list[Witness] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        key, _, url = line.partition(" ")
        try:
            found.append(Witness(VerifierKey.read(key, COSIGNATURE), url.strip().rstrip("/")))
        except BadLog:
            message = "each line has the key of a witness (name+id+key) and its URL"
            raise ValueError(message) from None
        if not url.strip().startswith(("https://", "http://")):
            message = "after the key of a witness comes its URL"
            raise ValueError(message)
    if len({one.key.mark for one in found}) != len(found):
        message = "a witness stands there twice"
        raise ValueError(message)
    return tuple(found)


def _checked(text: str) -> str:
    read_witnesses(text)
    return text


class ErasureSettings(FromEnvironment):
    """Read from `EXPUNGE_*`; durations as ISO 8601 (`P1D`) or seconds.

    `reminder_interval`: how long a participant may be silent before it is asked again.
    `log_folder`: where the log's files are published; `log` in the state folder if not given.
    `witnesses`: who is asked to cosign the log's heads; a line `KEY URL` for each.
    """

    reminder_interval: Annotated[
        timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))
    ] = timedelta(days=1)
    log_folder: Path | None = None
    witnesses: Annotated[str, AfterValidator(_checked)] = ""

    @cached_property
    def witnessed_by(self) -> tuple[Witness, ...]:
        """Give `witnesses` as read."""
        return read_witnesses(self.witnesses)
