"""A recipient's deletion interface over HTTP, in its plainest form: `DELETE {url}/{their_id}`."""

from typing import Final
from urllib.parse import quote

import httpx2

from contracts.vocabulary import Impossible
from shared.disclosure.telling import Answer, TellingState

TIMEOUT_S: Final = 10.0
ANSWERS: Final = {
    200: Answer(TellingState.CONFIRMED),
    202: Answer(TellingState.TOLD),  # accepted: it will be done, and is asked again
    204: Answer(TellingState.CONFIRMED),
    404: Answer(TellingState.VERIFIED),  # whoever looks there finds nobody
    405: Answer(TellingState.IMPOSSIBLE, Impossible.NO_DELETION_INTERFACE),
    410: Answer(TellingState.VERIFIED),
    501: Answer(TellingState.IMPOSSIBLE, Impossible.NO_DELETION_INTERFACE),
}


class NoAnswer(Exception):  # noqa: N818
    """The recipient answered nothing that could be understood: it is asked again."""


class HttpProcessor:
    """Asks a recipient to delete, at an address of the configuration; no proxy on the way.

    `credential` is a bearer token; `headers` what the recipient wants besides.
    """

    def __init__(self, url: str, credential: str | None = None) -> None:
        self._url = url.rstrip("/")
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False, headers=headers)

    async def delete(self, their_id: str) -> Answer:
        """Ask to delete. Raises NoAnswer, and httpx2.HTTPError if nobody is there."""
        response = await self._client.delete(f"{self._url}/{quote(their_id, safe='')}")
        answer = ANSWERS.get(response.status_code)
        if answer is None:
            raise NoAnswer
        return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
