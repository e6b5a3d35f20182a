"""What the newsletter does when others speak: all of it is in this dictionary."""

from collections.abc import Sequence

from contracts.messages import ConsentWithdrawn
from contracts.vocabulary import Reason
from services.newsletter import store
from services.newsletter.inventory import INVENTORY
from shared.consumer.lines import AnyLine, Reactions
from shared.database import Transaction
from shared.saga.closing import close_batch
from shared.saga.participant import slice_reactions


async def withdrawn_before(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """End a subscription whose withdrawal is on the topic: a restored backup forgot it.

    In ordinary running the consent is gone when its withdrawal is read, and this does nothing.
    """
    consents = {line.message.consent_id for line in lines if line.event.source == tx.service}
    subjects = await store.subjects_of_consents(tx, consents)
    if subjects:
        await close_batch(tx, INVENTORY, subjects, Reason.WITHDRAWN)


REACTIONS: Reactions = {
    **slice_reactions(INVENTORY, store.find_subjects),
    ConsentWithdrawn: withdrawn_before,
}
