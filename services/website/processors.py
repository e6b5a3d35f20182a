"""The trackers' deletion interfaces, all behind one function: `delete(their_id) -> Answer`.

Each can do what its provider offers and no more; the register says so to people. The address of the
call stands in `EXPUNGE_PROCESSORS`, the credential in the secrets folder, `processors/<tracker>`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx2

from contracts.vocabulary import Impossible as Reason
from services.website.grants import KNOWN
from services.website.registers import Registers
from services.website.settings import configured
from shared.disclosure import Answer, Processor, TellingState
from shared.disclosure.over_http import TIMEOUT_S, NoAnswer
from shared.settings import MissingSecret, Settings

OK: Final = 200
GONE: Final = {404, 410}

NO_ID: Final = Answer(TellingState.IMPOSSIBLE, Reason.ART_11)
VERIFIED: Final = Answer(TellingState.VERIFIED)
CONFIRMED: Final = Answer(TellingState.CONFIRMED)
TOLD: Final = Answer(TellingState.TOLD)


class Impossible:
    """A processor that offers no deletion we could ask for, and why."""

    def __init__(self, reason: Reason) -> None:
        self._answer = Answer(TellingState.IMPOSSIBLE, reason)

    async def delete(self, their_id: str) -> Answer:
        """Say that it cannot be done; nothing is sent anywhere."""
        assert their_id  # noqa: S101
        return self._answer


class Calling:
    """One POST with JSON to a processor's deletion interface; no proxy on the way."""

    def __init__(self, url: str, credential: str, site: str) -> None:
        headers = {"Authorization": f"Bearer {credential}"}
        self._url = url
        self._site = site
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False, headers=headers)

    async def delete(self, their_id: str) -> Answer:
        """Ask to delete; without the provider's own name of the browser nobody can be meant.

        Raises NoAnswer, and httpx2.HTTPError if nobody is there: it is tried again.
        """
        if not their_id.startswith(KNOWN):
            return NO_ID
        body = self.body(self._site, their_id.removeprefix(KNOWN))
        response = await self._client.post(self._url, json=body)
        if response.status_code in GONE:
            return VERIFIED
        if response.status_code != OK:
            raise NoAnswer
        return self.read(response.json())

    @staticmethod
    def body(site: str, client: str) -> dict[str, Any]:
        """Give the body that names one browser on our site there."""
        raise NotImplementedError

    @staticmethod
    def read(said: Any) -> Answer:
        """Read the answer to a call that was accepted."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class GoogleAnalytics(Calling):
    """`properties.submitUserDeletion` of the Admin API: everything up to its time of receipt.

    The same number would come back with the cookie, so this is called after the grant has ended,
    the script is gone from our pages and the cookie was deleted (R-GA-03).
    """

    @staticmethod
    def body(site: str, client: str) -> dict[str, Any]:
        """Name the browser by its client id; the property stands in the address."""
        assert site  # noqa: S101
        return {"clientId": client}

    @staticmethod
    def read(said: Any) -> Answer:
        """Take it as confirmed once Google names the moment up to which it deletes."""
        named = isinstance(said, dict) and isinstance(said.get("deletionRequestTime"), str)
        return CONFIRMED if named else TOLD


class Hotjar(Calling):
    """User Lookup with deletion: what was recorded for one browser's number (R-HJ-01)."""

    @staticmethod
    def body(site: str, client: str) -> dict[str, Any]:
        """Name the browser by its number on our site, and ask to delete all of it."""
        return {"data_subject_site_id_to_user_id_map": {site: client}, "delete_all_hits": True}

    @staticmethod
    def read(said: Any) -> Answer:
        """Take an accepted request as confirmed: there is no second answer."""
        return CONFIRMED if isinstance(said, dict | list) else TOLD


CALLED: Final[Mapping[str, Callable[[str, str, str], Calling]]] = {
    "google-analytics": GoogleAnalytics,
    "hotjar": Hotjar,
}
WITHOUT: Final = {
    "wiredminds": Reason.NOTHING_IDENTIFIES,
    "eloqua": Reason.ONLY_THE_VISITOR,
    "salesloft": Reason.BY_ADDRESS_ONLY,
    "clarity": Reason.NO_DELETION_INTERFACE,
}


def processors_of(settings: Settings, registers: Registers) -> dict[str, Processor]:
    """Make the processors of all trackers, also of those that were used earlier.

    One that needs an address and a credential and has none is left out: that is an alarm as soon
    as somebody is to be deleted there.
    """
    found: dict[str, Processor] = {name: Impossible(reason) for name, reason in WITHOUT.items()}
    for name, make in CALLED.items():
        url = configured().processors.get(name)
        try:
            credential = settings.secret(f"processors/{name}") if url else None
        except MissingSecret:
            credential = None
        if url and credential:
            found[name] = make(url, credential, registers.sites.get(name, ""))
    return found
