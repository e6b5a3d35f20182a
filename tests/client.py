"""A frontend's side of a form, by its descriptor: look, fill, post."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol


class Client(Protocol):
    """What is needed of an HTTP client; httpx2.AsyncClient is one."""

    async def get(self, url: str, /) -> Any:
        """Fetch."""

    async def post(self, url: str, /, *, data: Mapping[str, str]) -> Any:
        """Post a form."""


async def fill_form(
    client: Client, descriptor_path: str, fields: Mapping[str, str], agree: Collection[str] = ()
) -> tuple[str, dict[str, str]]:
    """Fetch a descriptor; return the path to post to and every field to post.

    `agree` names the boxes that are ticked; a wording beside the button goes along by itself.
    """
    descriptor = (await client.get(descriptor_path)).json()
    entries = dict(fields)
    for declaration in descriptor["declarations"]:
        if declaration["name"] in agree or declaration["shown_as"] == "beside-button":
            entries[declaration["name"]] = declaration["value"]
    for field in descriptor["fields"]:
        if field["kind"] == "question":
            entries.setdefault(field["name"], solve(field["label"]))
    if descriptor["form_id"]:
        entries[descriptor["form_id"]["name"]] = descriptor["form_id"]["value"]
    return descriptor["action"], entries


def solve(question: str) -> str:
    """Add the numbers of a question, as whoever reads it does."""
    return str(sum(int(number) for number in re.findall(r"\d+", question)))


async def post_form(
    client: Client, descriptor_path: str, fields: Mapping[str, str], agree: Collection[str] = ()
) -> Any:
    """Fill a form by its descriptor and post it; return the client's answer."""
    action, entries = await fill_form(client, descriptor_path, fields, agree)
    return await client.post(action, data=entries)
