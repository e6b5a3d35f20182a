"""Where no statement compares an address, none can answer sooner or later because of it.

What a signed-in person or a mailed link sends is answered by the same statements, in the same
order, whether the address is known or not, and none of them looks for it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from services.registration import passwords
from shared.database import Transaction
from tests.bad_input import sample
from tests.security.test_indistinguishable import FORMS, Street, invent
from tests.security.test_indistinguishable import street as street  # noqa: PLC0414 - a fixture

# A statement that looks for an address: in a condition, not in what is stored or given back.
LOOKS = re.compile(r"\b(?:email|address)\s*(?:=|<>|in\b|like\b)|=\s*(?:\w+\.)?(?:email|address)\b")
BEGUN = {
    "newsletter/resend": "newsletter/subscribe",
    "registration/resend": "registration/sign-up",
    "events/resend": "events/register",
    "rights/resend": "rights/erase",
}
SEE_OTHER = 303


EXECUTEMANY = Transaction.executemany  # its rows may come from an iterator, which is read once


class Statements:
    """Every statement that a request sends to a database, with what it was given."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Listen at all transactions of this process."""
        self.seen: list[tuple[str, str]] = []
        for name in ("fetch", "fetchrow", "fetchval", "execute", "executemany", "write"):
            patch.setattr(Transaction, name, self._listening(getattr(Transaction, name)))

    def _listening(self, method: Any) -> Any:
        def listened(tx: Transaction, sql: str, *args: object) -> Any:
            given = [list(one) if isinstance(one, Iterator) else one for one in args]
            self.seen.append((" ".join(sql.split()), repr(given)))
            return method(tx, sql, *(given if method is EXECUTEMANY else args))

        return listened

    def taken(self) -> list[tuple[str, str]]:
        """Give what was seen since the last time."""
        seen, self.seen = self.seen, []
        return seen


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Listen to statements; passwords are hashed with less work than a person waits for."""
    monkeypatch.setattr(passwords, "_HASHER", QUICK)
    return Statements(monkeypatch)


QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_change_of_address_looks_for_nobody_with_that_address(
    street: Street, statements: Statements
) -> None:
    own, known, unknown, last = invent(4)
    await street.settle(FORMS["registration/sign-up"], [own, known])
    await street.give_passwords(QUICK.hash("the right one"))
    signed_in = FORMS["registration/sign-in"]
    _, answer = await street.send(signed_in, own, password="the right one")
    assert answer.status_code == SEE_OTHER
    await _wish(street, last)  # so that each of the others puts an end to an earlier wish
    statements.taken()

    answers, seen = [], []
    for address in (known, unknown):
        answers.append(await _wish(street, address))
        seen.append(statements.taken())

    assert answers == [(SEE_OTHER, "/en/registration/address-sent")] * 2
    assert [sql for sql, _ in seen[0]] == [sql for sql, _ in seen[1]]
    for each, address in zip(seen, (known, unknown), strict=True):
        told = [sql for sql, given in each if address in given]
        assert len(told) == 1, "it is stored, and nothing else is done with it"
        assert told[0].startswith("insert into new_address")
    street.client.cookies.clear()


async def _wish(street: Street, address: str) -> tuple[int, str]:
    page = await street.client.get("/en/registration/account/address")
    [token] = re.findall(r'name="csrf" value="([0-9a-f]+)"', page.text)
    form = FORMS["registration/change-address"]
    _, answer = await street.send(form, address, password="the right one", csrf=token)
    return answer.status_code, answer.headers.get("location", answer.text)


@pytest.mark.parametrize("key", BEGUN)
async def test_asking_for_a_mail_again_looks_for_no_address(
    street: Street, statements: Statements, key: str
) -> None:
    begun = FORMS[BEGUN[key]]
    known, unknown = invent(2)
    await street.settle(begun, [known])
    seen = []
    for address in (known, unknown):
        _, answer = await street.send(begun, address)
        token = answer.headers["location"].rpartition("/")[2]
        statements.taken()
        path = FORMS[key].action.format(lang="en", token=token)
        again = await street.client.post(path, data=sample(FORMS[key], street.web.state.web))  # type: ignore[attr-defined]
        assert again.headers["location"].endswith(f"/sent/{token}/again")
        seen.append(statements.taken())

    assert seen[0], "there are statements to be seen"
    assert [sql for sql, _ in seen[0]] == [sql for sql, _ in seen[1]]
    for each, address in zip(seen, (known, unknown), strict=True):
        assert not [sql for sql, given in each if address in given]
        assert not [sql for sql, _ in each if LOOKS.search(sql)]
