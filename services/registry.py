"""The one place that names services. A service is here when it is live, and nowhere before.

Each brings one declaration, `services/<name>/declaration.py`; everything else follows from it:
pages, worker, verifier, database, keys, register, commands.
"""

from collections.abc import Sequence

from contracts.messages import WordingPublished
from contracts.vocabulary import Language
from services.contact.declaration import SERVICE as CONTACT
from services.erasure.declaration import SERVICE as ERASURE
from services.events.declaration import SERVICE as EVENTS
from services.newsletter.declaration import SERVICE as NEWSLETTER
from services.registration.declaration import SERVICE as REGISTRATION
from services.rights.declaration import SERVICE as RIGHTS
from services.website.declaration import SERVICE as WEBSITE
from shared.database.migrations import Schema
from shared.slice import Service
from shared.web.wordings import read_wordings

SERVICES = (WEBSITE, NEWSLETTER, EVENTS, CONTACT, REGISTRATION, RIGHTS, ERASURE)


class UnknownService(Exception):  # noqa: N818 - the message says which there are
    """There is no such service; the message lists those that are live."""


def named(names: Sequence[str] | None) -> tuple[Service, ...]:
    """Give the services of these names, all without names. Raises UnknownService."""
    if not names:
        return SERVICES
    live = {service.name: service for service in SERVICES}
    unknown = sorted(set(names) - set(live))
    if unknown:
        message = f"no service {', '.join(unknown)}; live are {', '.join(live)}"
        raise UnknownService(message)
    return tuple(live[name] for name in names)


def with_database() -> tuple[Service, ...]:
    """Give the services that keep something."""
    return tuple(service for service in SERVICES if service.kernel is not None)


def participants() -> tuple[str, ...]:
    """Name the services that hold a slice: the register of participants."""
    return tuple(service.name for service in SERVICES if service.participant)


def wordings() -> tuple[WordingPublished, ...]:
    """Give every text that people may agree to: each service's, in every version and language."""
    return tuple(
        WordingPublished(
            service=service.name,
            wording=one.id,
            version=one.version,
            language=Language(one.language.value),
            sha256=one.sha256,
        )
        for service in SERVICES
        for one in read_wordings(service.folder).all
    )


def schemas() -> tuple[Schema, ...]:
    """Describe every database of an installation."""
    return tuple(service.schema() for service in with_database())
