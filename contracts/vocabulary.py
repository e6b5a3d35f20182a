"""The words that messages, pages, commands and documents use. One word, one meaning."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

# No upper case, no @, no space: nothing shaped like an address or a name with two parts.
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,30}$")]


class Role(StrEnum):
    """What a key is for. The same service has one key for each role it plays."""

    SERVICE = "service"
    VERIFIER = "verifier"
    LOG = "log"  # signs checkpoints of the transparency log, and no message
    ROOT = "root"


class MessageType(StrEnum):
    """Every type of message that exists, as it stands on the topics."""

    CONSENT_GRANTED = "consent-granted"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    ERASURE_REQUESTED = "erasure-requested"
    SAGA_EXTENDED = "saga-extended"
    SAGA_REMINDED = "saga-reminded"
    SLICE_ERASED = "slice-erased"
    SLICE_REERASED = "slice-reerased"
    SLICE_FAILED = "slice-failed"
    SLICE_VERIFIED = "slice-verified"
    SLICE_SCANNED = "slice-scanned"
    SUBJECTS_CLOSED = "subjects-closed"
    ERASURE_CERTIFIED = "erasure-certified"
    ALIASES_DESTROYED = "aliases-destroyed"
    PROCESSOR_ANSWERED = "processor-answered"
    HOLD_ENDED = "hold-ended"
    KEY_PUBLISHED = "key-published"
    KEY_RETIRED = "key-retired"
    KEY_REVOKED = "key-revoked"
    REGISTER_PUBLISHED = "register-published"
    WORDING_PUBLISHED = "wording-published"
    DATA_RECTIFIED = "data-rectified"


class Outcome(StrEnum):
    """How a slice answered. `failed` is no receipt: it travels in slice-failed only."""

    DELETED = "deleted"
    ANONYMISED = "anonymised"
    HELD = "held"
    HELD_NOTHING = "held-nothing"
    OUT_OF_SCOPE = "out-of-scope"
    FAILED = "failed"


class CertificateOutcome(StrEnum):
    """What a certificate can say. Anything less is not certified."""

    COMPLETE = "complete"
    COMPLETE_WITH_RETENTION = "complete-with-retention"


class Ground(StrEnum):
    """Why data is kept in spite of a request (GDPR Art. 17(3); Art. 6(1)(b) for contract)."""

    EXPRESSION = "expression"
    LEGAL_OBLIGATION = "legal-obligation"
    PUBLIC_INTEREST = "public-interest"
    LEGAL_CLAIMS = "legal-claims"
    CONTRACT = "contract"


class Reason(StrEnum):
    """Why a slice deleted."""

    REQUESTED = "requested"
    WITHDRAWN = "withdrawn"
    UNCONFIRMED = "unconfirmed"
    REPLACED = "replaced"
    PURPOSE_ENDED = "purpose-ended"
    RETENTION_OVER = "retention-over"
    HOLD_ENDED = "hold-ended"


class ProcessorState(StrEnum):
    """How far a recipient outside is with forgetting (GDPR Art. 19). All but told are final."""

    TOLD = "told"
    CONFIRMED = "confirmed"
    VERIFIED = "verified"
    IMPOSSIBLE = "impossible"


class Impossible(StrEnum):
    """Why a recipient outside cannot be made to delete."""

    ART_11 = "art-11"  # it knows nobody by what we have
    NOTHING_IDENTIFIES = "nothing-identifies"
    ONLY_THE_VISITOR = "only-the-visitor"
    BY_ADDRESS_ONLY = "by-address-only"
    NO_DELETION_INTERFACE = "no-deletion-interface"
    DELETES_BY_CONTRACT = "deletes-by-contract"


class PersonField(StrEnum):
    """What a person says about themselves in an account or a registration (R-ACC-01, R-EV-03)."""

    TITLE = "title"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    COMPANY = "company"
    DEPARTMENT = "department"
    STREET = "street"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    TELEPHONE = "telephone"


class RequestState(StrEnum):
    """Where a request is; the last three are marks that stand beside a state."""

    RECEIVED = "received"
    IDENTITY_OPEN = "identity-open"
    WAITING = "waiting"
    DISPATCHED = "dispatched"
    COLLECTING = "collecting"
    VERIFIED = "verified"
    CERTIFIED = "certified"
    CLOSED = "closed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    OVERDUE = "overdue"


class Identity(StrEnum):
    """How the person's identity was checked before the request had an effect."""

    MAILED_LINK = "mailed-link"
    SIGNED_IN = "signed-in"
    ATTESTED = "attested"


class Method(StrEnum):
    """How a consent was given or taken back."""

    DOUBLE_OPT_IN = "double-opt-in"
    FORM = "form"
    PAGE = "page"
    ONE_CLICK = "one-click"
    PREFERENCES = "preferences"
    MAIL = "mail"
    OFFICER = "officer"
    ERASURE = "erasure"
    REPLACED = "replaced"
    BANNER = "banner"
    SETTINGS = "settings"
    GPC = "gpc"


class ReadBack(StrEnum):
    """What a verifier looked for: the closed ids, the exact addresses, or both."""

    IDS = "ids"
    ADDRESSES = "addresses"
    IDS_AND_ADDRESSES = "ids-and-addresses"


class Language(StrEnum):
    """Languages of pages, mails and wordings."""

    DE = "de"
    EN = "en"
