"""The statement about which data protection policy was on the screen."""

from collections.abc import Collection
from uuid import UUID

from shared.database import Transaction


async def note(
    tx: Transaction, subject_id: UUID, purposes: Collection[str], version: str, sha256: str
) -> None:
    """Write it down beside declarations: evidence, never a legal basis (R-ACC-05)."""
    await tx.executemany(
        """
        insert into presented (subject_id, purpose, policy_version, policy_sha256, presented_at)
        values ($1, $2, $3, $4, $5)
        """,
        [(subject_id, purpose, version, sha256, tx.now) for purpose in purposes],
    )
