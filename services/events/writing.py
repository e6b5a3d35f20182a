"""Mails to those who have a seat."""

from datetime import datetime

from services.events.rules.seat import Seat
from shared.database import Transaction
from shared.mail import post


async def write_to(tx: Transaction, seat: Seat, kind: str, give_up_at: datetime) -> None:
    """Queue a mail of a kind in the seat's language, of no use after `give_up_at` (UTC)."""
    await post(
        tx,
        kind=kind,
        template=kind,
        language=seat.language,
        subject_id=seat.subject_id,
        give_up_at=give_up_at,
    )
