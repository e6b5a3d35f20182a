"""What an operator sets for the views."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.settings import Endpoint, FromEnvironment


class ViewsSettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `views_bind`: `host:port` of counts and metrics. `views_compare_hour`: when, by the clock of
    Berlin, live consents are compared with their owners. `views_settle`: how long numbers may
    differ before that is an alarm, since what is on its way is counted by one side first.
    """

    views_bind: Endpoint = "127.0.0.1:8003"
    views_compare_hour: Annotated[int, Field(ge=0, le=23)] = 3
    views_settle: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(hours=1))] = timedelta(
        minutes=2
    )
