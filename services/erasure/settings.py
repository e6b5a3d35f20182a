"""What an operator sets for the ledger; defaults are the installation's stated parameters."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, create_model

from contracts.fields import MAX_SERVICES
from contracts.policy import PARAMETERS
from contracts.topics import MAX_TRANSACTION_LINES
from shared.settings import FromEnvironment

FOLDER: Final = Path(__file__).parent
MIGRATIONS: Final = FOLDER / "migrations"
CERTIFY_BATCH: Final = 250  # sagas in one transaction of the certifier
REMIND_BATCH: Final = MAX_TRANSACTION_LINES // MAX_SERVICES  # each saga may owe every answer
EXTEND_BATCH: Final = 500
CERTIFY_POLL: Final = timedelta(seconds=2)  # in case a wake-up was lost with its process
CLOCK_POLL: Final = timedelta(seconds=5)
REPAIR_EVERY: Final = timedelta(minutes=10)  # looking for certificates that a restore lost


class ErasureSettings(FromEnvironment):
    """Read from `EXPUNGE_*`; durations as ISO 8601 (`P1D`) or seconds.

    `reminder_interval`: how long a participant may be silent before it is asked again.
    """

    reminder_interval: Annotated[
        timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))
    ] = timedelta(days=1)


_Parameters: type[FromEnvironment] = create_model(
    "_Parameters",
    __base__=FromEnvironment,
    **{
        name.lower(): (
            Annotated[timedelta, Field(ge=parameter.least, le=parameter.most)],
            parameter.default,
        )
        for name, parameter in PARAMETERS.items()
    },  # type: ignore[call-overload]
)


def parameters() -> Mapping[str, timedelta]:
    """Read the policy's parameters as this installation sets them, for all services, by name.

    Raises SettingsError for one outside of its range.
    """
    chosen = _Parameters.load()
    return {name: getattr(chosen, name.lower()) for name in sorted(PARAMETERS)}
