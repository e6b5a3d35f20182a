"""A worker that tells recipients what is due, once, in a process of its own, to be killed."""

import asyncio
import sys

from shared.database import Database
from shared.disclosure import HttpProcessor
from shared.disclosure.recipients import Recipient
from shared.disclosure.telling import tell_due
from shared.settings import Settings
from tests.contracts.samples import signer


async def tell(service: str, url: str) -> None:
    """Tell whom `quick` is, at a URL."""
    database = await Database.connect(
        Settings.load(), service, "eraser", signer=signer(service), size=2
    )
    processor = HttpProcessor(url)
    quick = Recipient(name="Quick", country="DE", transfer="eu")
    await tell_due(database, {"quick": processor}, {"quick": quick})
    await processor.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(tell(*sys.argv[1:]))
