"""Small things that the newsletter's pages show."""

from datetime import timedelta

from services.newsletter.rules import Consent
from services.newsletter.settings import NewsletterSettings
from shared.web.wordings import Wordings


def wording_text(wordings: Wordings, consent: Consent) -> str:
    """Give the exact text that was agreed to; empty if the operator took its file away."""
    return next((one.text for one in wordings.all if one.sha256 == consent.wording_sha256), "")


def hours_of(config: NewsletterSettings) -> int:
    """Give the confirmation window in whole hours, as pages and mails say it."""
    return round(config.doi_ttl / timedelta(hours=1))
