"""One posted form, one transaction, one answer, however often it is sent."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Transaction, is_transient
from shared.web.answers import claim, claim_answered, remember, use_up
from shared.web.forms import FORM_ID, Field, Form, Values, as_typed
from shared.web.origins import cors_headers
from shared.web.pages import see_other
from shared.web.parts import transaction, web_of
from shared.web.problems import FormRefused
from shared.web.questions import EXPIRED, WRONG, is_over
from shared.web.reading import read_form
from shared.web.rendering import wants_json
from shared.web.returning import lead_back

Effect = Callable[[Transaction, Values], Awaitable[Response]]


async def submit(request: Request, form: Form, effect: Effect) -> Response:
    """Read a form, run `effect` in one transaction of its service, and answer.

    `effect` gets values that passed every check, writes, tells, and returns a response, as a rule
    `see_other(path)`. For forms with `once=True` the same form id with the same entries gets the
    first answer again without a second effect; other entries raise AnsweredOtherwise. If the
    database is away, the page comes back with everything that was typed (503). JSON clients get
    202 with `{"next": path}` in place of a redirection.
    """
    values = await _read(request, form)
    try:
        answer = await _carry_out(request, values, effect)
    except Exception as error:
        if not is_transient(error):
            raise
        raise database_away(values) from error
    lead_back(request, answer)
    answer = _for_program(answer) if wants_json(request) else answer
    allowed = web_of(request).configuration.allowed_origins.get(form.key, ())
    answer.headers.update(cors_headers(request, allowed))
    return answer


async def _read(request: Request, form: Form) -> Values:
    """Read the form; a wrong answer to its question was the one try that question had."""
    try:
        return await read_form(request, form)
    except FormRefused as refused:
        if form.question and refused.codes.get(form.question.name) == WRONG:
            await _use_up(request, form, refused.typed[FORM_ID])
        raise


async def _use_up(request: Request, form: Form, form_id: str) -> None:
    try:
        async with transaction(request, form.service) as tx:
            await use_up(tx, form_id)
    except Exception as error:
        # While the database is away the page comes back all the same, with another question.
        if not is_transient(error):
            raise


async def _carry_out(request: Request, values: Values, effect: Effect) -> Response:
    service = values.form.service
    if not values.form.joined:
        async with transaction(request, service) as tx:
            return await _once(request, tx, values, effect)
    joining = await web_of(request).joining(service)

    async def together(tx: Transaction) -> Response:
        if values.form.question:
            _check_in_time(request, values, values.form.question)
        answer = await effect(tx, values)
        claim_answered(tx, values, answer.headers.get("location", ""))
        return answer

    return await joining.run(together, lambda tx: _once(request, tx, values, effect))


async def _once(request: Request, tx: Transaction, values: Values, effect: Effect) -> Response:
    if not values.form.once:
        return await effect(tx, values)
    first = await claim(tx, values)
    if first is not None:
        return see_other(first)
    if values.form.question:
        _check_in_time(request, values, values.form.question)
    answer = await effect(tx, values)
    await remember(tx, values, answer.headers.get("location", ""))
    return answer


def _check_in_time(request: Request, values: Values, question: Field) -> None:
    """Ask anew what was asked too long ago; after the claim, so that a double submit is none."""
    form_id = web_of(request).form_ids.read(values.form.key, values.form_id)
    if is_over(form_id.age_seconds):
        raise FormRefused(values.form, as_typed(values), {question.name: EXPIRED})


def database_away(values: Values) -> FormRefused:
    """Turn values back into what was typed, for the page that keeps it."""
    codes = {FORM_ID: "unavailable"}
    return FormRefused(values.form, as_typed(values), codes, status=503, problem="unavailable")


def _for_program(answer: Response) -> Response:
    location = answer.headers.get("location")
    if location is None:
        return answer
    return Response(orjson.dumps({"next": location}), 202, media_type="application/json")
