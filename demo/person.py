"""The people of the story sit at the same browser as the canary."""

from shared.visitor.person import NoForm, PageForm, Person, forms_of

__all__ = ["NoForm", "PageForm", "Person", "forms_of"]
