"""What an operator sets for the ledger; defaults are the installation's stated parameters."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from contracts.fields import MAX_SERVICES
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
REPAIR_EVERY: Final = timedelta(minutes=10)  # looking for certificates that a restore lost


class ErasureSettings(FromEnvironment):
    """Read from `EXPUNGE_*`; durations as ISO 8601 (`P1D`) or seconds.

    `reminder_interval`: how long a participant may be silent before it is asked again.
    `log_folder`: where the log's files are published; `log` in the state folder if not given.
    """

    reminder_interval: Annotated[
        timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))
    ] = timedelta(days=1)
    log_folder: Path | None = None
