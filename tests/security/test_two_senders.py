"""A sender that was stopped for longer than its lease wakes up while another one sends."""

from datetime import timedelta

import pytest

from shared.mail import Mailer, leased
from shared.mail.transport import Answer
from tests.mail.test_mailer import LEASE, Office, database, office

__all__ = ["database", "office"]


@pytest.mark.parametrize("answer", Answer)
async def test_who_was_stopped_too_long_ends_nobody_elses_lease(
    office: Office, answer: Answer
) -> None:
    """Else erasing would go on while the second copy is on its way to the person."""
    subject = await office.write()
    first = Mailer(office.database, office.post(), ready=office, lease=timedelta(microseconds=1))
    second = Mailer(office.database, office.post(), ready=office, lease=LEASE)
    stopped = await first._claim()
    assert stopped is not None
    assert await second._claim() is not None
    async with office.database.begin() as tx:
        await first._note(tx, stopped.mail, answer)
    async with office.database.begin() as tx:
        assert await leased(tx, [subject]) == {subject}
