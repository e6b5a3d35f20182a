"""What an operator sets for the pages: the controller's name, other frontends, limits."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from shared.settings import FromEnvironment

# Every supervisory authority of the Union: for residence and work place (GDPR Art. 77(1)).
AUTHORITIES = "https://www.edpb.europa.eu/about-edpb/about-edpb/members_{}"
DEFAULT_CONTROLLER = Path(__file__).with_name("controller.toml")


class Controller(BaseModel):
    """Who answers for the data (GDPR Art. 13(1)(a), (b)); printed at the foot of every page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    street: str
    city: str
    country_de: str
    country_en: str
    telephone: str
    email: str
    officer: str
    officer_email: str
    authority: str
    authority_url: str
    authorities_url_de: str = AUTHORITIES.format("de")
    authorities_url_en: str = AUTHORITIES.format("en")
    security_contact: str


class WebSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `controller`: a TOML file like `controller.toml`. `allowed_origins`: JSON object, form key
    (`newsletter/subscribe`) to the origins of other frontends that may post it; `return_urls`:
    likewise to the pages that people may be led to after it. `trusted_proxies`: how many reverse
    proxies of our own append to X-Forwarded-For.
    """

    controller: Path = DEFAULT_CONTROLLER
    allowed_origins: dict[str, frozenset[str]] = Field(default_factory=dict)
    return_urls: dict[str, frozenset[str]] = Field(default_factory=dict)
    trusted_proxies: int = 0
    minimum_fill_seconds: NonNegativeFloat = 2.0
    posts_per_network_and_minute: PositiveInt = 60
    posts_per_minute: PositiveInt = 6000
    posts_without_work_per_network_and_minute: PositiveInt = 10
    header_seconds: float = 10.0
    body_seconds: float = 20.0

    def read_controller(self) -> Controller:
        """Read the controller's file."""
        return Controller.model_validate(tomllib.loads(self.controller.read_text("utf-8")))
