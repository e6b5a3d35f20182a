"""Who the log is here: from settings, keys and the list of trusted keys."""

from pathlib import Path

from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import Role
from services.erasure.log.writer import Identity, origin_of
from services.erasure.settings import ErasureSettings
from shared.keys import load_trust, signer_for
from shared.settings import Settings


def folder_of(settings: Settings, own: ErasureSettings) -> Path:
    """Say where the log's files are published."""
    return own.log_folder or settings.state / "log"


def identity(settings: Settings, own: ErasureSettings) -> Identity:
    """Load the log's key and name. Raises MissingSecret before `expunge keys apply`, KeysWrong."""
    trusted = (key for key in load_trust(settings).keys if key.role is Role.LOG)
    return Identity(
        signer=signer_for(settings, ERASURE_SERVICE, Role.LOG),
        keys=[bytes.fromhex(key.public_key) for key in trusted],
        origin=origin_of(settings.public_url),
        folder=folder_of(settings, own),
    )
