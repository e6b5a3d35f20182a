"""What rights holds about people: the address of a request that waits for its click.

Once confirmed, an address stands in `alias` alone and ends with the request.
"""

from services.rights.settings import SERVICE
from shared.inventory import Basis, Inventory, NotPersonal, Personal, Root, Table, UntilConfirmed
from shared.saga.tables import ORIGIN

UNCONFIRMED = Table(
    name="unconfirmed",
    purpose="wait for the click that shows whose address it is",
    basis=Basis.LEGAL_OBLIGATION,
    serves="rights.request",
    keep=UntilConfirmed("REQUEST_UNCONFIRMED_TTL"),
    columns={
        "subject_id": Root(),
        "address": Personal("the address whose data are to be erased"),
        "language": NotPersonal("de or en, chosen by the form's path"),
        "received_at": NotPersonal("when the form was posted: the period of the law begins"),
    },
)
INVENTORY = Inventory(SERVICE, (*ORIGIN, UNCONFIRMED))
