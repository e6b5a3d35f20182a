"""Every rule, by the part of the policy that it comes from."""

from contracts.policy.rules.account import ACCOUNT
from contracts.policy.rules.contact import CONTACT
from contracts.policy.rules.disclosure import COOKIES, DISCLOSURE
from contracts.policy.rules.events import EVENTS
from contracts.policy.rules.newsletter import NEWSLETTER
from contracts.policy.rules.person import PERSON
from contracts.policy.rules.principles import PRINCIPLES
from contracts.policy.rules.tracking import TRACKING
from contracts.policy.rules.website import WEBSITE

ALL = (
    *PRINCIPLES,
    *WEBSITE,
    *ACCOUNT,
    *NEWSLETTER,
    *EVENTS,
    *CONTACT,
    *DISCLOSURE,
    *COOKIES,
    *TRACKING,
    *PERSON,
)
