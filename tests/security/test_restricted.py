"""A restriction protects a person; it does not keep the person from taking a consent back."""

from uuid import UUID

from tests.newsletter.conftest import mailer, newsletter
from tests.newsletter.site import Newsletter

__all__ = ["mailer", "newsletter"]
LIVE = "select count(*) from subscriber where subject_id = $1 and ended_at is null"


async def restrict(newsletter: Newsletter, subject: UUID) -> None:
    async with newsletter.eraser.begin() as tx:
        await tx.execute("update subject set restricted_at = now() where subject_id = $1", subject)


async def test_who_is_restricted_can_still_unsubscribe(newsletter: Newsletter) -> None:
    """The page says that it is over: then it is (Art. 7(3))."""
    ada = newsletter.address()
    subject = await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/unsubscribe/", count=2)
    await restrict(newsletter, subject)
    answer = await newsletter.press(link)
    assert answer.status_code == 303
    assert await newsletter.count(LIVE, subject) == 0


async def test_who_is_restricted_can_confirm_again(newsletter: Newsletter) -> None:
    """Else the index on the address would refuse: a page of ours that says that we failed."""
    ada = newsletter.address()
    before = await newsletter.subscribed(ada)
    await restrict(newsletter, before)
    await newsletter.forget_quota()
    await newsletter.subscribe(ada)
    answer = await newsletter.press(await newsletter.link(ada, "/confirm/", count=2))
    assert answer.status_code == 303
    assert await newsletter.count(LIVE, before) == 0
