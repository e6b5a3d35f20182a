"""What falls due, and how the law counts months."""

from shared.deadlines.calendar import Period, answer_period, next_working_day
from shared.deadlines.due import (
    Action,
    Actions,
    Due,
    clear_deadline,
    keep_deadlines,
    run_due,
    set_deadline,
    set_deadlines,
)

__all__ = [
    "Action",
    "Actions",
    "Due",
    "Period",
    "answer_period",
    "clear_deadline",
    "keep_deadlines",
    "next_working_day",
    "run_due",
    "set_deadline",
    "set_deadlines",
]
