"""A test delivery: one issue to one address that the editor names; nothing is stored."""

from markupsafe import Markup

from contracts.identifiers import uuid7
from services.newsletter.mails import TEMPLATES
from services.newsletter.rules import Issue
from services.newsletter.settings import ISSUE, SERVICE
from shared.clock import SystemClock
from shared.mail import Delivery, configured_sender, mail_environment
from shared.mail.message import as_bytes, compose, render
from shared.mail.transport import Answer, Transport
from shared.settings import Settings


async def send_trial(settings: Settings, issue: Issue, address: str) -> int:
    """Send each language once to an address; return how many were accepted.

    The unsubscribe link leads to the form: an editor's test belongs to no subscription.
    """
    environment, sender = mail_environment(str(TEMPLATES)), configured_sender()
    transport, accepted = Transport.to(settings), 0
    for language, text in issue.texts.items():
        link = f"{settings.public_url.rstrip('/')}/{language}/{SERVICE}/subscribe"
        values = {
            "subject": f"[Test] {text.subject}",
            "body": Markup(text.markdown),  # noqa: S704  # checked when the folder was read
            "unsubscribe": link,
        }
        subject, markdown = render(environment, f"{ISSUE}.{language}.md", values)
        message = compose(
            sender=sender,
            delivery=Delivery(address),
            message_id=str(uuid7()),
            subject=subject,
            markdown=markdown,
            language=language,
            sent_at=SystemClock().now(),
        )
        answer = await transport.send(sender.address, address, as_bytes(message))
        accepted += answer is Answer.ACCEPTED
    await transport.rest()
    return accepted
