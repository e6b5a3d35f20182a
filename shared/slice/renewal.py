"""Renewed consent: whose words changed sees it on their page and may agree to the new ones.

A consent counts for the text it was given to. When a later version that changed it materially is
in force, the older consent stands, may be taken back, and counts for nothing until its person
agrees anew (R-POL-01). Nothing is asked for by mail: that would be a use of what no longer counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from starlette.requests import Request

from contracts.vocabulary import Method
from shared.database import Transaction
from shared.errors import Refused
from shared.slice.consents import Consent, consents_of, outdated, renew
from shared.web import Declaration, Form, Values, language, web_of
from shared.web.form_views import FormView, view_form
from shared.web.guard import make_guard_token


class MustAgreeAnew(Refused):
    """The text that was agreed to has changed: first the person must agree to the new one."""

    status = 409
    problem = "must-agree-anew"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a page shows: what no longer counts, with its old words, and the form to agree anew."""

    older: tuple[tuple[Consent, str], ...]
    form: FormView


def renewal_form(service: str, page: str, *declarations: Declaration, guard: str = "") -> Form:
    """Make a service's form to agree anew; `page` is the path of the page that shows it.

    Each declaration has a box of its own, unticked and never mandatory: who leaves it keeps what
    stands, and may take it back. Texts of the form are the same everywhere.
    """
    boxes = tuple(replace(one, mandatory=False, box=True) for one in declarations)
    return Form(
        name="renew",
        service=service,
        action=f"{page}/renew",
        declarations=boxes,
        template="web/renew.html",
        once=False,
        guard=guard,
    )


def renewal(request: Request, form: Form, consents: Mapping[str, Consent]) -> Renewal | None:
    """Give what a page shows of consents, by purpose, that wait to be renewed; None: all count."""
    web = web_of(request)
    wordings = web.pages.wordings[form.service]
    older = outdated(consents, wordings)
    asked = tuple(one for one in form.declarations if one.purpose in older)
    if not asked:
        return None
    shown = view_form(
        replace(form, declarations=asked),
        language(request),
        web.pages.texts[form.service],
        wordings,
        path_parameters=request.path_params,
        form_id="",
        csrf=make_guard_token(request, form.guard) if form.guard else "",
    )
    said = (
        (older[one.purpose], wordings.by_sha256(older[one.purpose].wording_sha256)) for one in asked
    )
    return Renewal(tuple((consent, words.text if words else "") for consent, words in said), shown)


async def renew_ticked(
    request: Request, tx: Transaction, subject_id: UUID, values: Values
) -> list[str]:
    """Put each new yes in the place of the older one; gives the purposes.

    What counts already, and what was never agreed to, is not given here: a second click, or a box
    of somebody else's making, changes nothing.
    """
    form = values.form
    older = outdated(
        await consents_of(tx, subject_id), web_of(request).pages.wordings[form.service]
    )
    renewed = []
    for one in form.declarations:
        if one.purpose in older and one.name in values.granted:
            words = values.granted[one.name]
            await renew(
                tx, subject_id, one.purpose, words, form=form.name, method=Method.PREFERENCES
            )
            renewed.append(one.purpose)
    return renewed
