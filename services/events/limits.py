"""The limits of this installation, as the rules take them."""

from services.events.rules.ending import Limits
from shared.parameters import duration


def limits() -> Limits:
    """Give what the operator set. Raises SettingsError if any is outside of its range."""
    return Limits(
        doi_ttl=duration("DOI_TTL"),
        conclude_within=duration("CONCLUDE_WITHIN"),
        survey_window=duration("SURVEY_WINDOW"),
        material_max=duration("MATERIAL_MAX"),
    )
