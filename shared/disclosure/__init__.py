"""Passing personal data on: a register, one gate, and telling recipients when it ends."""

from shared.disclosure.gate import (
    ByContract,
    ByLaw,
    Consented,
    NotDisclosed,
    Transfer,
    Weighed,
    disclose,
    object_to,
    objects,
)
from shared.disclosure.over_http import HttpProcessor
from shared.disclosure.recipients import Recipient, Recipients, configured_recipients
from shared.disclosure.telling import (
    Answer,
    Processor,
    Processors,
    TellingState,
    Told,
    end_disclosures,
    keep_telling,
    told_of,
)

__all__ = [
    "Answer",
    "ByContract",
    "ByLaw",
    "Consented",
    "HttpProcessor",
    "NotDisclosed",
    "Processor",
    "Processors",
    "Recipient",
    "Recipients",
    "TellingState",
    "Told",
    "Transfer",
    "Weighed",
    "configured_recipients",
    "disclose",
    "end_disclosures",
    "keep_telling",
    "object_to",
    "objects",
    "told_of",
]
