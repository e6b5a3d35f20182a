"""Which data protection policy the forms show: version and digest, kept as evidence (R-ACC-05)."""

from hashlib import sha256

from shared.saga.decisions import POLICY_VERSION


def presented_policy(lang: str) -> tuple[str, str]:
    """Give version and digest (hex) of the policy in force in a language."""
    return POLICY_VERSION, sha256(f"{POLICY_VERSION}.{lang}".encode()).hexdigest()
