"""Advisory locks of a service's database, one number each."""

from typing import Final

SUBJECT_BARRIER: Final = 1001  # also in migrations/slice/0001_subject.sql
RELAY: Final = 1002
CLOCK: Final = 1004
CERTIFIER: Final = 1005
MIGRATION: Final = 1006
SCRUB: Final = 1007
PUBLISHING: Final = 1008
