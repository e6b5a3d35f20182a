"""What every slice writes once: how relationships begin, stand on consents, are found, and end."""

from shared.slice.consents import (
    Consent,
    consent_receipt,
    consents_of,
    find_consent,
    grant,
    outdated,
    renew,
    still_counting,
    store_consent,
    withdraw,
)
from shared.slice.declaration import Service
from shared.slice.endings import Endings, end_at, end_now
from shared.slice.finding import find_by
from shared.slice.renewal import MustAgreeAnew, Renewal, renew_ticked, renewal, renewal_form
from shared.slice.retention import Beside, Fallen
from shared.slice.subjects import begin_subject, is_restricted, lock_text

__all__ = [
    "Beside",
    "Consent",
    "Endings",
    "Fallen",
    "MustAgreeAnew",
    "Renewal",
    "Service",
    "begin_subject",
    "consent_receipt",
    "consents_of",
    "end_at",
    "end_now",
    "find_by",
    "find_consent",
    "grant",
    "is_restricted",
    "lock_text",
    "outdated",
    "renew",
    "renew_ticked",
    "renewal",
    "renewal_form",
    "still_counting",
    "store_consent",
    "withdraw",
]
