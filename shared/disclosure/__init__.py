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
from shared.disclosure.listing import Disclosed, Told, disclosed_of, told_of
from shared.disclosure.over_http import HttpProcessor
from shared.disclosure.recipients import Recipient, Recipients, configured_recipients
from shared.disclosure.telling import (
    Answer,
    Processor,
    Processors,
    TellingState,
    end_disclosures,
    keep_telling,
)

__all__ = [
    "Answer",
    "ByContract",
    "ByLaw",
    "Consented",
    "Disclosed",
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
    "disclosed_of",
    "end_disclosures",
    "keep_telling",
    "object_to",
    "objects",
    "told_of",
]
