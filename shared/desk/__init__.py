"""Pages of the people who work with one slice: their accounts, signing in, sessions.

A service that names `desk` in its declaration gets these pages on the internal listener.
"""

from shared.desk.accounts import NewStaff, Staff, add_staff, list_staff, remove_staff
from shared.desk.pages import (
    NotAtDesk,
    desk_form,
    desk_guard,
    desk_submit,
    desk_transaction,
)

__all__ = [
    "NewStaff",
    "NotAtDesk",
    "Staff",
    "add_staff",
    "desk_form",
    "desk_guard",
    "desk_submit",
    "desk_transaction",
    "list_staff",
    "remove_staff",
]
