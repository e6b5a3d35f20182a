"""A consent as a file for the person: the fields of ISO/IEC TS 27560:2023, and no person.

Four parts as the specification has them: the receipt itself, what is done with the data, the
parties, and what happened to the consent. Where it asks for the person, ours says that nobody is
named: whoever holds the record's id is meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from contracts.purposes import PURPOSES
from shared.web.configuration import Controller

SCHEMA: Final = "ISO/IEC TS 27560:2023"
FILE_NAME: Final = "consent-receipt.json"
CONTROLLER, OFFICER, AUTHORITY = "controller", "data-protection-officer", "authority"


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of one consent. `wording_sha256` is hex; times are aware.

    Fields of the grant are None where only the withdrawal was heard.
    """

    consent_id: UUID
    purpose: str
    wording: str | None = None
    wording_version: int | None = None
    wording_sha256: str | None = None
    language: str | None = None
    form: str | None = None
    method: str | None = None
    granted_at: datetime | None = None
    withdrawn_method: str | None = None
    withdrawn_at: datetime | None = None


def receipt_file(
    given: Given, controller: Controller, more: Mapping[str, object] | None = None
) -> bytes:
    """Write the receipt as JSON, the same bytes for the same consent and controller.

    `more` is what the specification has no field for, such as the words on the button.
    """
    content = {
        "schema_version": SCHEMA,
        "receipt_id": str(given.consent_id),
        "record_id": str(given.consent_id),
        "pii_principal_id": None,
        "pii_principal_note": "Nobody is named. Whoever was given this id is who agreed.",
        "pii_processing": _processing(given),
        "party_identification": _parties(controller),
        "event": _events(given),
        **({"extension": dict(more)} if more else {}),
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def _processing(given: Given) -> dict[str, Any]:
    purpose = PURPOSES.get(given.purpose)
    return {
        "privacy_notice": given.wording,
        "privacy_notice_version": given.wording_version,
        "privacy_notice_sha256": given.wording_sha256,
        "language": given.language,
        "purposes": [
            {
                "purpose": given.purpose,
                "purpose_description": purpose and purpose.what,
                "lawful_basis": purpose and f"GDPR {purpose.basis.value}",
                "pii_controllers": [CONTROLLER],
                "collection_method": given.form and f"form {given.form}",
                "consent_method": given.method,
                "retention_period": "until the consent is withdrawn or its purpose ends",
                "withdrawal_method": "the link in each mail of this service, or its page",
                "privacy_rights": "GDPR Art. 7(3), 15 to 22, 77",
                "jurisdictions": ["EU"],
            }
        ],
    }


def _parties(controller: Controller) -> list[dict[str, str]]:
    return [
        {
            "party_id": CONTROLLER,
            "party_role": "PII controller",
            "party_name": controller.name,
            "party_address": f"{controller.street}, {controller.city}, {controller.country_en}",
            "party_email": controller.email,
            "party_phone": controller.telephone,
        },
        {
            "party_id": OFFICER,
            "party_role": "data protection officer",
            "party_name": controller.officer,
            "party_email": controller.officer_email,
        },
        {
            "party_id": AUTHORITY,
            "party_role": "supervisory authority",
            "party_name": controller.authority,
            "party_url": controller.authority_url,
        },
    ]


def _events(given: Given) -> list[dict[str, Any]]:
    found = []
    if given.granted_at is not None:
        found.append(_event(given.granted_at, "explicit consent", "given", given.method))
    if given.withdrawn_at is not None:
        found.append(_event(given.withdrawn_at, "withdrawal", "withdrawn", given.withdrawn_method))
    return found


def _event(time: datetime, kind: str, state: str, method: str | None) -> dict[str, Any]:
    return {
        "event_time": time,
        "event_type": kind,
        "event_state": state,
        "event_method": method,
        "entity_id": CONTROLLER,
    }
