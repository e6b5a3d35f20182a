"""First answers of forms, for a day: the same form id and entries get them again.

Nothing in the row says who: the key is a digest of the random form id, the entries are an HMAC
under that id (which is not stored), and the answer's path is encrypted under it.
"""

import asyncio
import hashlib
import hmac
from datetime import timedelta

import orjson
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from shared.database import Transaction
from shared.logs import log
from shared.web.form_ids import FORM_ID_SECONDS
from shared.web.forms import Values, as_typed
from shared.web.parts import Web
from shared.web.problems import AnsweredOtherwise, FormRefused
from shared.web.questions import USED
from shared.web.tokens import forget_expired

TIDY_SECONDS = 600
USED_UP = b""  # no HMAC: in place of the entries
NONCE = bytes(12)  # each form id is its own key and encrypts one answer


async def claim(tx: Transaction, values: Values) -> str | None:
    """Claim a form id for this transaction; return the first answer's path if it was used.

    A second submit waits for the first one's commit. Raises AnsweredOtherwise if the entries
    differ from the first ones.
    """
    entries = _entries(values)
    claimed = await tx.execute(
        """
        insert into answer (form_sha256, entries_hmac, expires_at)
        values ($1, $2, $3)
            on conflict do nothing
        """,
        _key(values),
        entries,
        tx.now + timedelta(seconds=FORM_ID_SECONDS),
    )
    if claimed:
        return None
    first = await tx.fetchrow(
        "select entries_hmac, location from answer where form_sha256 = $1", _key(values)
    )
    if first is not None and first["entries_hmac"] == USED_UP and values.form.question:
        raise FormRefused(
            values.form,
            as_typed(values),
            {values.form.question.name: USED},
        )
    if first is None or not hmac.compare_digest(first["entries_hmac"], entries):
        raise AnsweredOtherwise
    return _cipher(values).decrypt(NONCE, first["location"], None).decode()


async def use_up(tx: Transaction, form_id: str) -> None:
    """Let a form id's question count no more: its one try was wrong (R-CT-04)."""
    await tx.execute(
        """
        insert into answer (form_sha256, entries_hmac, expires_at)
        values ($1, $2, $3)
            on conflict do nothing
        """,
        hashlib.sha256(form_id.encode()).digest(),
        USED_UP,
        tx.now + timedelta(seconds=FORM_ID_SECONDS),
    )


def claim_answered(tx: Transaction, values: Values, location: str) -> None:
    """Claim a form id together with its first answer; the transaction fails if it was used."""
    tx.write(
        """
        insert into answer (form_sha256, entries_hmac, location, expires_at)
        values ($1, $2, $3, $4)
        """,
        _key(values),
        _entries(values),
        _cipher(values).encrypt(NONCE, location.encode(), None),
        tx.now + timedelta(seconds=FORM_ID_SECONDS),
    )


async def remember(tx: Transaction, values: Values, location: str) -> None:
    """Keep the path of the first answer with the claim."""
    tx.write(
        "update answer set location = $2 where form_sha256 = $1",
        _key(values),
        _cipher(values).encrypt(NONCE, location.encode(), None),
    )


async def forget(tx: Transaction) -> int:
    """Delete the answers whose day is over; return how many."""
    return await tx.execute("delete from answer where expires_at <= $1", tx.now)


async def tidy(web: Web) -> None:
    """Forget old answers and links of each service in use, every TIDY_SECONDS, until cancelled."""
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        for database in tuple(web.databases.values()):
            try:
                async with database.begin() as tx:
                    # The ledger has no subjects, so neither table.
                    if await tx.fetchval("select to_regclass('answer') is not null"):
                        await forget(tx)
                        await forget_expired(tx)
            except Exception as error:  # noqa: BLE001 - tried again next time
                log.warning("answers-not-forgotten", error=error)


def _key(values: Values) -> bytes:
    return hashlib.sha256(values.form_id.encode()).digest()


def _entries(values: Values) -> bytes:
    granted = {name: wording.sha256 for name, wording in values.granted.items()}
    body = orjson.dumps([dict(values.fields), granted], option=orjson.OPT_SORT_KEYS)
    return hmac.digest(values.form_id.encode(), b"entries\0" + body, hashlib.sha256)


def _cipher(values: Values) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hmac.digest(values.form_id.encode(), b"answer", hashlib.sha256))
