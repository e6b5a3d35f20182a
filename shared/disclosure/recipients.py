"""The register of recipients: who may get personal data, where they are, what allows it."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from contracts.fields import RecipientName
from contracts.purposes import PURPOSES
from contracts.vocabulary import Impossible
from shared.settings import FromEnvironment, SettingsError

DEFAULT: Final = Path(__file__).with_name("recipients.toml")
Reference = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Weighing(BaseModel):
    """A recorded weighing of interests (GDPR Art. 6(1)(f)): its reference and the purposes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reference: Reference
    purposes: frozenset[str]


class Recipient(BaseModel):
    """Somebody who may get data. `impossible` says why it cannot be asked to delete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    transfer: Literal["eu", "adequacy", "clauses", "none"]
    purposes: frozenset[str] = frozenset()
    contract: Reference | None = None
    weighings: tuple[Weighing, ...] = ()
    impossible: Impossible | None = None

    def weighed(self, reference: str, purpose: str) -> bool:
        """Say whether this weighing was recorded for the purpose."""
        return any(one.reference == reference and purpose in one.purposes for one in self.weighings)


Recipients = Mapping[str, Recipient]
_FILE: Final = TypeAdapter(dict[RecipientName, Recipient])


class RecipientSettings(FromEnvironment):
    """Read from `EXPUNGE_*`: `recipients` is the operator's file in place of ours."""

    recipients: Path = DEFAULT


def read_recipients(path: Path) -> Recipients:
    """Read a register. Raises SettingsError, naming what is wrong."""
    try:
        found = _FILE.validate_python(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as error:
        message = "EXPUNGE_RECIPIENTS: " + (
            "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
            )
            if isinstance(error, ValidationError)
            else "the file cannot be read as TOML"
        )
        raise SettingsError(message) from None
    named = {purpose for one in found.values() for purpose in one.purposes}
    named |= {each for one in found.values() for way in one.weighings for each in way.purposes}
    unknown = sorted(named - set(PURPOSES))
    if unknown:
        message = f"EXPUNGE_RECIPIENTS: no such purpose: {', '.join(unknown)}"
        raise SettingsError(message)
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def configured_recipients() -> Recipients:
    """Read the register of this installation once in this process. Raises SettingsError."""
    return read_recipients(RecipientSettings.load().recipients)
