"""Staff at their desk: an account of their own, a second factor, a browser inside."""

import base64
import secrets
import time
from urllib.parse import parse_qs, urlsplit

from shared.database import Database
from shared.desk import add_staff
from shared.desk.accounts import STEP_S, _totp
from tests.browser.visitor import Visitor
from tests.installation import Installation


async def sign_in(visitor: Visitor, installation: Installation, service: str) -> None:
    """Make an account at a service's desk and sign in, by keyboard; the visitor is inside."""
    name = f"grace-{secrets.token_hex(3)}"
    database = await Database.connect(installation.settings, service, "app", size=1)
    async with database.begin() as tx:
        grace = await add_staff(tx, name)
    await database.close()
    seed = base64.b32decode(parse_qs(urlsplit(grace.uri).query)["secret"][0])
    await visitor.open(f"/{visitor.lang}/{service}/desk/sign-in")
    await visitor.look()
    await visitor.type("name", name)
    await visitor.type("password", grace.password)
    await visitor.type("code", "000000")
    await visitor.send()
    await visitor.look()
    await visitor.type("password", grace.password)
    code = _totp(seed).generate(int(time.time()) // STEP_S * STEP_S).decode()
    await visitor.type("code", code)
    await visitor.send()
    assert visitor.page.url.endswith("/desk")
