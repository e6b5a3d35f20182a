"""How a worker takes part in its consumer group."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from shared.settings import FromEnvironment

HEARTBEATS_PER_SESSION: Final = 4


class Membership(FromEnvironment):
    """`EXPUNGE_MEMBER`: a name that stays over restarts, one for each worker of a service.

    With a name, a worker that comes back within its session gets its partitions at once and
    nobody else is disturbed (static membership, KIP-345); without one, a worker that was killed
    is missed only when its session ends. `EXPUNGE_SESSION_MS` must lie within the broker's
    `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    """

    member: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{0,100}$")] = ""
    session_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 10_000

    @property
    def heartbeat_ms(self) -> int:
        """Milliseconds between heartbeats."""
        return self.session_ms // HEARTBEATS_PER_SESSION
