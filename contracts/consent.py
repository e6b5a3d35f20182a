"""Messages about consents. They name no person: the link to one is in the slice and dies there.

A consent id is random, one for each declaration given. Withdrawn is final: a new yes is a new id.
The two messages have different keys, so compaction keeps both and no late copy of a grant can
hide a withdrawal.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator

from contracts.fields import FormName, Message, Number, Purpose, Sha256, Time, Wording
from contracts.purposes import registered
from contracts.spelling import Spelling, spelling_of
from contracts.topics import CONSENT, Topic
from contracts.vocabulary import Language, MessageType, Method

# A consent to what is in no register is not said, and not believed (R-POL-06). A withdrawal always
# is: its purpose is only repeated.
RegisteredPurpose = Annotated[
    Purpose, AfterValidator(registered), Spelling(spelling_of(Purpose).form, registered)
]


class ConsentGranted(Message):
    """Somebody agreed to one declaration (GDPR Art. 7(1)); evidence without the person.

    `wording_sha256` is of the exact text shown; `form` is where it was shown.
    """

    topic: ClassVar[Topic] = CONSENT
    about: ClassVar[tuple[str, ...]] = ("consent_id",)
    type: ClassVar[MessageType] = MessageType.CONSENT_GRANTED
    key_end: ClassVar[bytes] = b"/granted"  # compaction keeps both messages of a consent
    consent_id: UUID
    purpose: RegisteredPurpose
    wording: Wording
    wording_version: Number
    wording_sha256: Sha256
    language: Language
    form: FormName
    method: Method
    granted_at: Time


class ConsentWithdrawn(Message):
    """The consent ended, for the future and for good (GDPR Art. 7(3))."""

    topic: ClassVar[Topic] = CONSENT
    about: ClassVar[tuple[str, ...]] = ("consent_id",)
    type: ClassVar[MessageType] = MessageType.CONSENT_WITHDRAWN
    key_end: ClassVar[bytes] = b"/withdrawn"
    consent_id: UUID
    purpose: Purpose
    method: Method
    withdrawn_at: Time
