"""What rights does when others speak, beside what every slice and every origin does."""

from collections.abc import Sequence

from contracts.messages import AliasesDestroyed, ErasureCertified
from services.rights import store
from services.rights.settings import CERTIFICATE, FORGET, configured
from shared.consumer.lines import AnyLine, Reactions
from shared.database import Transaction
from shared.deadlines import set_deadlines
from shared.mail import post


async def mail_certificates(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Queue the mail that hands a certificate over."""
    requests = {line.message.request_id for line in lines}
    for request, language in (await store.owed_certificates(tx, requests, CERTIFICATE)).items():
        await post(
            tx,
            kind=CERTIFICATE,
            template=CERTIFICATE,
            language=language,
            request_id=request,
            give_up_at=tx.now + configured().cert_mail_ttl,
        )


async def plan_forgetting(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Set when the last ids and times of a closed request are deleted."""
    mine = [line.message.request_id for line in lines if line.event.source == tx.service]
    if mine:
        until = tx.now + configured().request_ttl
        await set_deadlines(tx, FORGET, until, [{"request": str(request)} for request in mine])


REACTIONS: Reactions = {
    ErasureCertified: mail_certificates,
    AliasesDestroyed: plan_forgetting,
}
