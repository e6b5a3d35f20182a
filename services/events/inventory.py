"""What the events slice holds about people: every table and column, why, how long."""

from datetime import timedelta

from contracts.vocabulary import Ground
from services.events.settings import CONTRACT, MATERIAL, REGISTRATION, SERVICE, SURVEY
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
    Source,
    Table,
    UntilConfirmed,
    UntilDone,
    WithSubject,
)

_GATHERING = NotPersonal("the random id of a gathering")
_TIME = NotPersonal("when something happened; says nothing without the row beside it")
_WORDING = NotPersonal("which of our published texts was on the screen")
_OFFER = NotPersonal("what we offer to everybody; names nobody")
_COUNT = NotPersonal("how many; shown from MIN_CELL on")
_OFFERED = Forever("what was offered, without anybody who came")

GATHERING = Table(
    name="gathering",
    purpose="offer a webinar, an event or a training, with its seats",
    keep=_OFFERED,
    kind=Kind.PLUMBING,
    columns={
        "gathering_id": _GATHERING,
        "kind": _OFFER,
        "place": _OFFER,
        "capacity": _OFFER,
        "taken": NotPersonal("how many seats are taken now"),
        "listed": _OFFER,
        "state": _OFFER,
        "begins_at": _OFFER,
        "ends_at": _OFFER,
        "over_at": _OFFER,
        "entered_at": _OFFER,
    },
)
GATHERING_TITLE = Table(
    name="gathering_title",
    purpose="call a gathering by its name in each language",
    keep=_OFFERED,
    kind=Kind.PLUMBING,
    columns={"gathering_id": _GATHERING, "language": _OFFER, "title": _OFFER},
)
GATHERING_SLOT = Table(
    name="gathering_slot",
    purpose="say when a gathering takes place",
    keep=_OFFERED,
    kind=Kind.PLUMBING,
    columns={"gathering_id": _GATHERING, "starts_at": _OFFER, "ends_at": _OFFER},
)
INVITATION = Table(
    name="invitation",
    purpose="open the form of a gathering that is not listed",
    keep=_OFFERED,
    kind=Kind.PLUMBING,
    columns={
        "invitation_sha256": NotPersonal("digest of a link that is the same for all invited"),
        "gathering_id": _GATHERING,
        "made_at": _TIME,
    },
)
SEAT = Table(
    name="seat",
    purpose="register somebody for a gathering of their choosing",
    basis=Basis.CONSENT,
    serves=REGISTRATION,
    keep=UntilDone("the gathering is over, or what the person agreed to beyond it is done"),
    columns={
        "subject_id": Root(),
        "gathering_id": _GATHERING,
        "state": NotPersonal("pending, waiting or booked"),
        "title": Personal("how to address the person, if given"),
        "first_name": Personal("name of the person who registers"),
        "last_name": Personal("name of the person who registers"),
        "email": Personal("address that the registration is confirmed from"),
        "company": Personal("where the person works, if given"),
        "department": Personal("where the person works, if given"),
        "street": Personal("postal address, for material by post"),
        "postal_code": Personal("postal address, for material by post"),
        "city": Personal("postal address, for material by post"),
        "telephone": Personal("telephone number, if given"),
        "language": NotPersonal("de or en, chosen by the form's path"),
        "form": NotPersonal("the name of the form"),
        "blocks": NotPersonal("whether it counts among the taken seats"),
        "by_email": NotPersonal("a tick; says nothing without the row beside it"),
        "by_post": NotPersonal("a tick; says nothing without the row beside it"),
        "submitted_at": _TIME,
        "confirmed_at": _TIME,
        "cancelled_at": _TIME,
        "told_at": _TIME,
        "answered_at": _TIME,
        "changed_since": NotPersonal("names of fields"),
    },
)
CHANGED_ELSEWHERE = Table(
    name="changed_elsewhere",
    purpose="tell people that a registration keeps what was changed in their account since",
    keep=For(timedelta(days=30), after="it was changed; as a rule for seconds"),
    kind=Kind.PLUMBING,
    columns={
        "change_id": NotPersonal("the random id that a change was told under"),
        "origin": NotPersonal("the service that told it"),
        "fields": NotPersonal("names of fields"),
        "changed_at": _TIME,
        "tries": NotPersonal("how often that service was asked"),
        "next_try_at": _TIME,
    },
)
DECLARED = Table(
    name="declared",
    purpose="remember what was ticked until the mailed link is confirmed",
    keep=UntilConfirmed("DOI_TTL"),
    columns={
        "subject_id": Root(),
        "purpose": NotPersonal("a word of our vocabulary"),
        "wording": _WORDING,
        "wording_version": _WORDING,
        "wording_sha256": _WORDING,
    },
)
ATTENDANCE = Table(
    name="attendance",
    purpose="know who took part; only they are asked for an opinion",
    basis=Basis.CONSENT,
    serves=REGISTRATION,
    keep=WithSubject(),
    erasure=Anonymise(
        into="attendance_total",
        keeping=("gathering_id", "attendance"),
        method="counted by gathering; small counts are not shown",
    ),
    columns={
        "subject_id": Root(),
        "gathering_id": _GATHERING,
        "attendance": Personal("whether the person was there"),
        "noted_at": _TIME,
    },
)
SURVEY_ANSWER = Table(
    name="survey_answer",
    purpose="learn what people think of a gathering, and choose reading material for them",
    basis=Basis.CONSENT,
    serves=SURVEY,
    keep=WithSubject(),
    erasure=Anonymise(
        into="survey_total",
        keeping=("gathering_id", "question", "answer"),
        method="counted by gathering, question and answer; small counts are not shown",
    ),
    columns={
        "subject_id": Root(),
        "gathering_id": _GATHERING,
        "question": NotPersonal("the name of a question that everybody is asked"),
        "answer": Personal("which of the given answers the person chose"),
    },
)
REMARK = Table(
    name="remark",
    purpose="learn what people think of a gathering, in their own words",
    basis=Basis.CONSENT,
    serves=SURVEY,
    keep=WithSubject(),
    columns={"subject_id": Root(), "remark": Personal("what the person wrote in the survey")},
)
SENDING = Table(
    name="sending",
    purpose="send the reading material that the answers ask for",
    basis=Basis.CONSENT,
    serves=MATERIAL,
    keep=For(timedelta(days=30), after="the survey was answered (MATERIAL_MAX)"),
    columns={
        "subject_id": Root(),
        "reading": Personal("what the answers ask for"),
        "channel": NotPersonal("email or post"),
        "sent_at": _TIME,
    },
)
INVOICE = Table(
    name="invoice",
    purpose="charge a paid training",
    basis=Basis.CONTRACT,
    serves=CONTRACT,
    keep=WithSubject(),
    columns={
        "subject_id": Root(),
        "number": Personal("the invoice's number", Source.SERVICE),
        "issued_on": _TIME,
        "amount_cents": Personal("what was charged, in euro cents", Source.SERVICE),
    },
)
SURVEY_TOTAL = Table(
    name="survey_total",
    purpose="improve what we offer",
    keep=Forever("counts without anybody"),
    kind=Kind.AGGREGATE,
    columns={
        "gathering_id": _GATHERING,
        "question": NotPersonal("the name of a question that everybody is asked"),
        "answer": NotPersonal("one of the answers that everybody is offered"),
        "count": _COUNT,
    },
)
ATTENDANCE_TOTAL = Table(
    name="attendance_total",
    purpose="improve what we offer",
    keep=Forever("counts without anybody"),
    kind=Kind.AGGREGATE,
    columns={
        "gathering_id": _GATHERING,
        "attendance": NotPersonal("attended or absent"),
        "count": _COUNT,
    },
)

# Whoever paid for a training is on an invoice, and invoices are kept (§ 147 AO).
INVOICE_HOLD = Hold(
    name="invoice",
    ground=Ground.LEGAL_OBLIGATION,
    reference="ao-147-3",
    keeps={
        "seat": (
            "gathering_id",
            "first_name",
            "last_name",
            "company",
            "street",
            "postal_code",
            "city",
        ),
        "invoice": ("number", "issued_on", "amount_cents"),
    },
)

INVENTORY = Inventory(
    SERVICE,
    (
        GATHERING,
        GATHERING_TITLE,
        GATHERING_SLOT,
        INVITATION,
        SEAT,
        CHANGED_ELSEWHERE,
        DECLARED,
        ATTENDANCE,
        SURVEY_ANSWER,
        REMARK,
        SENDING,
        INVOICE,
        SURVEY_TOTAL,
        ATTENDANCE_TOTAL,
    ),
    holds=(INVOICE_HOLD,),
)
