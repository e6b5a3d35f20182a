"""The website, declared: what it brings to every process."""

from pathlib import Path

from services.website.app import router
from shared.slice import Service

SERVICE = Service(name="website", folder=Path(__file__).parent, pages=router)
