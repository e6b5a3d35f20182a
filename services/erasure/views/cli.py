"""What `expunge views` does."""

import asyncio
import signal
import sys

import orjson

from services.erasure.views.run import keep_viewing, once
from services.erasure.views.settings import ViewsSettings
from shared.keys import load_ring
from shared.settings import Settings


def run(settings: Settings, *, print_and_end: bool) -> int:
    """Run until SIGTERM or SIGINT, or print everything once it is rebuilt.

    Out: the exit code; 1 if anything that was printed drifted or was not believed.
    """
    if print_and_end:
        said = asyncio.run(once(settings, load_ring(settings), ViewsSettings.load()))
        sys.stdout.write(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode() + "\n")
        return int(bool(said["drift"] or said["ignored_records"]))
    asyncio.run(_until_asked(settings))
    return 0


async def _until_asked(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await keep_viewing(settings, load_ring(settings), ViewsSettings.load(), stop)
