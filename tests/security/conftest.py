"""The saga's town again: here its inhabitants lie."""

from tests.saga.conftest import here

__all__ = ["here"]
