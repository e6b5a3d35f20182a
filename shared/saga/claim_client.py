"""Asking origins what requests are about, with a credential of one's own."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import httpx2

from shared.logs import log
from shared.saga.claims import LATER, Told
from shared.saga.credentials import bearer, own_credential
from shared.saga.decisions import MAX_CLAIMS, Answer
from shared.settings import Settings

TIMEOUT_S = 4.0  # less than a transaction of ours may wait for it


def path_of(origin: str) -> str:
    """Give the path that an origin answers at: a process may serve several of them."""
    return f"/internal/v1/origins/{origin}/aliases"


def changes_path(origin: str) -> str:
    """Give the path where a service says whose data a `data-rectified` was about."""
    return f"/internal/v1/origins/{origin}/changes"


class ClaimClient:
    """Asks origins; `caller` names the credential, `newsletter` or `newsletter_verifier`.

    `path` gives where an origin answers for the kind of id.

    An origin's address comes from the settings, never from a message, and no proxy of the
    environment is asked on the way.
    """

    def __init__(
        self, settings: Settings, caller: str, path: Callable[[str], str] = path_of
    ) -> None:
        self._settings = settings
        self._caller = caller
        self._path = path
        self._client = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def ask(self, origins: Mapping[UUID, str]) -> dict[UUID, Told]:
        """Ask for request ids, each with its origin; what got no answer is *later*.

        Ids go in calls of at most 500 per origin. Never raises for an origin that is away,
        refuses or answers nonsense: its requests wait, everybody else's go on.
        """
        told: dict[UUID, Told] = {}
        ordered = sorted(origins, key=lambda request: (origins[request], request.bytes))
        for origin, group in groupby(ordered, key=origins.__getitem__):
            ids = list(group)
            for start in range(0, len(ids), MAX_CLAIMS):
                told |= await self._call(origin, ids[start : start + MAX_CLAIMS])
        return told

    async def _call(self, origin: str, ids: Sequence[UUID]) -> dict[UUID, Told]:
        url = self._settings.internal_url.replace("{service}", origin) + self._path(origin)
        try:
            credential = own_credential(self._settings, self._caller)
            response = await self._client.post(
                url,
                json={"requests": [str(request) for request in ids]},
                headers=bearer(credential),
            )
            response.raise_for_status()
            answers = response.json()
            return {request: _read(answers[str(request)]) for request in ids}
        except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("claim-check-failed", service=origin, error=error)
            return dict.fromkeys(ids, LATER)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _read(answer: Mapping[str, Any]) -> Told:
    """Read one id's answer. Raises KeyError, TypeError or ValueError if it is none of ours."""
    if answer.get("gone"):
        return Told(Answer.GONE)
    if answer.get("later"):
        return LATER
    aliases = answer["aliases"]
    return Told(
        Answer.ALIASES,
        addresses=tuple(alias["address"] for alias in aliases if alias["kind"] == "address"),
        subjects=tuple(UUID(alias["subject"]) for alias in aliases if alias["kind"] == "subject"),
    )
