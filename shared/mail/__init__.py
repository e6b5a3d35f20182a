"""Mails: queued with the effect that causes them, sent by the worker, resolved when sent."""

from shared.mail.address import mailbox, masked
from shared.mail.mailer import Mailer, Post
from shared.mail.markdown import mail_environment
from shared.mail.message import Attachment, Delivery, Sender
from shared.mail.queue import Mail, leased, leased_requests, post
from shared.mail.quota import forget
from shared.mail.sender import MailSettings, configured_sender
from shared.mail.signature import make_dkim_key

__all__ = [
    "Attachment",
    "Delivery",
    "Mail",
    "MailSettings",
    "Mailer",
    "Post",
    "Sender",
    "configured_sender",
    "forget",
    "leased",
    "leased_requests",
    "mail_environment",
    "mailbox",
    "make_dkim_key",
    "masked",
    "post",
]
