"""Versions of the register of participants, and wordings, as the topic tells them."""

from collections.abc import Mapping
from typing import Final

from contracts.messages import RegisterPublished, WordingPublished

NOT_ASKED: Final = "nobody asks it any more"


class Register:
    """Every version and whom it names; the first word about a version counts."""

    def __init__(self) -> None:
        """Begin without any."""
        self._versions: dict[int, frozenset[str]] = {}
        self._wordings: dict[tuple[str, str, int, str], str] = {}

    @property
    def versions(self) -> Mapping[int, frozenset[str]]:
        """Give the names of each version."""
        return self._versions

    def learn(self, message: RegisterPublished) -> list[str] | None:
        """Take a version in; gives whom it leaves out of the one before, in order of their names.

        None: the version said otherwise before.
        """
        version, names = message.version, frozenset(message.participants)
        known = self._versions.setdefault(version, names)
        if known is not names:
            return [] if known == names else None
        before = max((one for one in self._versions if one < version), default=version)
        return sorted(self._versions[before] - names)

    def learn_wording(self, message: WordingPublished) -> bool:
        """Take a published text in; False if another one has that name."""
        return self._wordings.setdefault(message.name, message.sha256) == message.sha256
