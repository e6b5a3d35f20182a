"""`/dev/inbox` and `/dev/inbox.json`: what was sent, for development mode only.

Whoever mounts the router answers for the mode; the public listener answers 404 without it.
"""

from pathlib import Path

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, Response

from shared.stack.inbox import Inbox

SHOWN = 200  # newest mails on the page; the JSON lists all
DOWNLOAD = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}


def inbox_router(inbox: Inbox, style_path: str = "") -> APIRouter:
    """Return the routes that show the inbox; both lists begin with the newest mail.

    The JSON list has {id, to, from, subject, text, html, links, received_at, message_id, headers,
    attachments}; `?to=ADDRESS` keeps the mails to one address.
    """
    router = APIRouter(prefix="/dev")
    folder = FileSystemLoader(Path(__file__).with_name("templates"))
    template = Environment(
        loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("inbox.html")

    @router.get("/inbox")
    def show_inbox(to: str | None = None) -> Response:
        mails = inbox.messages(to)[::-1][:SHOWN]
        return HTMLResponse(template.render(mails=mails, style_path=style_path))

    @router.get("/inbox.json")
    def list_inbox(to: str | None = None) -> Response:
        return JSONResponse([mail.as_json() for mail in inbox.messages(to)[::-1]])

    @router.get("/inbox/{mail_id}/{number}")
    def download_attachment(mail_id: str, number: int) -> Response:
        mail = inbox.message(mail_id)
        if mail is None or not 0 <= number < len(mail.attachments):
            return Response(status_code=404)
        found = mail.attachments[number]
        return Response(found["content"], media_type="application/octet-stream", headers=DOWNLOAD)

    return router
