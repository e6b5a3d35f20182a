"""A whole service in one file: what a slice has to say about itself, and nothing else."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Ground, Method, Reason
from shared.database import Transaction
from shared.desk import Staff, desk_form, desk_submit, desk_transaction
from shared.inventory import (
    Anonymise,
    Basis,
    For,
    Forever,
    Hold,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Table,
    place_hold,
)
from shared.mail import Delivery, Mail, Post, configured_sender, mail_environment, post
from shared.settings import Settings
from shared.slice import Service, begin_subject, end_at, end_now, find_by, grant
from shared.web import (
    Card,
    Declaration,
    Field,
    Form,
    Values,
    language,
    render,
    render_form,
    see_other,
    submit,
)
from shared.web.account import account_of
from shared.web.forms import Kind as Input

NAME, FOLDER = "invoices", Path(__file__).with_name("invoices")
PURPOSE = "account.promo_email"  # a consent needs a purpose that is registered
OPEN, LEGAL = timedelta(days=30), timedelta(days=8 * 365)

INVOICE = Table(
    name="invoice",
    purpose="bill what was ordered",
    basis=Basis.CONTRACT,
    keep=For(OPEN, after="the order"),
    erasure=Anonymise("product_count", ("product",), "counted by product"),
    columns={
        "subject_id": Root(),
        "email": Personal("address that the invoice goes to"),
        "name": Personal("who is billed"),
        "number": Personal("number of the invoice"),
        "product": NotPersonal("one of two products"),
        "language": NotPersonal("de or en"),
    },
)
PRODUCTS = Table(
    name="product_count",
    purpose="know what sells",
    keep=Forever("counts only"),
    kind=Kind.AGGREGATE,
    columns={"product": NotPersonal("one of two products"), "count": NotPersonal("a count")},
)
TAX = Hold("tax", Ground.LEGAL_OBLIGATION, "ao-147-3", {"invoice": ("name", "number")})
INVENTORY = Inventory(NAME, (INVOICE, PRODUCTS), holds=(TAX,))

ORDER = Form(
    "order",
    service=NAME,
    action=f"/{{lang}}/{NAME}/order",
    fields=(
        Field("email", Input.EMAIL, mandatory=True),
        Field("name", mandatory=True),
        Field("product", Input.CHOICE, mandatory=True, choices=("book", "course")),
    ),
    declarations=(Declaration("remind", "remind", purpose=PURPOSE),),
)
PAID = desk_form("paid", service=NAME, path="paid", fields=(Field("number", mandatory=True),))
pages, desk = APIRouter(), APIRouter()


@pages.get(ORDER.action)
async def order_page(request: Request) -> Response:
    account = await account_of(request, NAME)
    known = {name: account[name] for name in ("email",) if name in account}
    return render_form(request, ORDER, values=known)


@pages.post(ORDER.action)
async def order(request: Request) -> Response:
    lang = language(request)

    async def effect(tx: Transaction, values: Values) -> Response:
        subject = await begin_subject(tx)
        entries = (values["email"], values["name"], uuid4().hex, values["product"], lang)
        await tx.execute("insert into invoice values ($1, $2, $3, $4, $5, $6)", subject, *entries)
        await place_hold(tx, subject, TAX, tx.now + LEGAL)
        await end_at(tx, subject, "open", tx.now + OPEN)
        if wording := values.granted.get("remind"):
            await grant(tx, subject, PURPOSE, wording, form=ORDER.name, method=Method.FORM)
        await post(
            tx,
            kind="ordered",
            template="ordered",
            language=lang,
            subject_id=subject,
            give_up_at=tx.now + OPEN,
        )
        return see_other(f"/{lang}/{NAME}/ordered")

    return await submit(request, ORDER, effect)


@pages.get(f"/{{lang}}/{NAME}/ordered")
async def ordered_page(request: Request) -> Response:
    return render(request, f"{NAME}/ordered.html")


@desk.get(f"/{{lang}}/{NAME}/desk")
async def desk_page(request: Request) -> Response:
    async with desk_transaction(request, NAME) as (tx, _staff):
        rows = await tx.fetch("select number, product from invoice order by number")
    return render(request, f"{NAME}/desk.html", rows=[tuple(row) for row in rows])


@desk.get(PAID.action)
async def paid_page(request: Request) -> Response:
    async with desk_transaction(request, NAME):
        return render_form(request, PAID)


@desk.post(PAID.action)
async def paid(request: Request) -> Response:
    async def effect(tx: Transaction, values: Values, _staff: Staff) -> Response:
        subject = await tx.fetchval(
            "select subject_id from invoice where number = $1", values["number"]
        )
        if subject is not None:
            await end_now(tx, subject, "paid")
        return see_other(f"/{language(request)}/{NAME}/desk")

    return await desk_submit(request, PAID, effect)


async def resolve(tx: Transaction, mail: Mail) -> Delivery | None:
    """Say whom a queued mail is for now."""
    row = await tx.fetchrow("select * from invoice where subject_id = $1", mail.subject_id)
    if row is None:
        return None
    return Delivery(row["email"], {"name": row["name"], "number": row["number"]})


def mails(_settings: Settings) -> Post:
    """Say how this service's mails are made."""
    templates = FOLDER / "templates" / "mail"
    return Post(mail_environment(str(templates)), resolve, configured_sender())


SERVICE = Service(
    name=NAME,
    folder=FOLDER,
    pages=pages,
    forms=(ORDER,),
    cards=(Card("order", ORDER.action),),
    inventory=INVENTORY,
    find=find_by("invoice.email"),
    endings={"open": Reason.RETENTION_OVER, "paid": Reason.PURPOSE_ENDED},
    mails=mails,
    desk=desk,
    desk_forms=(PAID,),
)
