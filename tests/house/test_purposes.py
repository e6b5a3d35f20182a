"""Every purpose that a live service names is registered, is its own, and rests on consent there."""

import pytest

from contracts.purposes import EVERY_SERVICE, Basis, purpose_named
from services import registry
from shared.inventory import Kind, Table
from shared.slice import Service
from shared.web import Form

FORMS = [form for service in registry.SERVICES for form in service.part().forms]
ASKING = [form for form in FORMS if form.declarations]


def test_there_are_forms_that_ask_for_consent() -> None:
    assert ASKING


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize("form", ASKING, ids=lambda form: form.key)
def test_a_form_asks_for_consent_to_a_registered_purpose_of_its_own(form: Form) -> None:
    for declaration in form.declarations:
        purpose = purpose_named(declaration.purpose)

        assert purpose.basis is Basis.CONSENT, "a declaration is a consent: its letter is a"
        assert purpose.owner == form.service, "contracts/purposes.py says whose purpose it is"


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize(
    "service",
    [one for one in registry.SERVICES if one.stands_on],
    ids=lambda one: one.name,
)
def test_a_relationship_stands_on_registered_purposes_of_its_service(
    service: Service,
) -> None:
    owners = {purpose_named(purpose).owner for purpose in service.stands_on}

    assert owners == {service.name}


# The row itself says which purpose it is of; it is one table for nine of them.
BY_ROW = {"granted"}


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize("service", registry.with_database(), ids=lambda one: one.name)
def test_what_is_kept_of_a_person_is_kept_for_a_registered_purpose(service: Service) -> None:
    assert service.inventory is not None
    kept = {one.name for one in service.inventory.tables if one.kind is Kind.SLICE and one.personal}

    assert {one.name for one in service.inventory.tables if one.serves} >= kept - BY_ROW


SERVING = [
    (service, table)
    for service in registry.with_database()
    if service.inventory is not None
    for table in service.inventory.tables
    if table.serves
]


@pytest.mark.rule("R-POL-06")
@pytest.mark.parametrize(
    ("service", "table"), SERVING, ids=[f"{one.name}-{table.name}" for one, table in SERVING]
)
def test_a_table_serves_a_registered_purpose_of_its_service(service: Service, table: Table) -> None:
    assert purpose_named(str(table.serves)).owner in {service.name, EVERY_SERVICE}
