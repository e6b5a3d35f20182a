"""A mail server as a company has one: takes mails by SMTP, hands them out by IMAP with TLS."""

import asyncio
import ipaddress
import mailbox
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pysasl.hashing import BuiltinHash

from shared.stack.ports import LOOPBACK, accepts, free_ports
from tests.installation import eventually

USER = "canary@example.org"
PASSWORD = 'gulls "eat" chips'


@dataclass(frozen=True)
class Mailserver:
    """Where it is, and what lies in its one mailbox."""

    smtp: int
    imap: int
    certificate: Path
    folder: Path
    scheme: str

    @property
    def url(self) -> str:
        """Give the mailbox as it is configured."""
        return f"{self.scheme}://{quote(USER, safe='')}@{LOOPBACK}:{self.imap}/INBOX"

    def mails(self) -> list[mailbox.MaildirMessage]:
        """Give the mails that lie in the mailbox, whoever they are to."""
        with closing(mailbox.Maildir(self.folder)) as maildir:
            return list(maildir)

    def lay(self, to: str, *, age: timedelta = timedelta()) -> None:
        """Put a mail there that came some time before."""
        mail = mailbox.MaildirMessage()
        mail["To"], mail["Subject"] = to, "Left behind"
        mail.set_date((datetime.now(UTC) - age).timestamp())
        with closing(mailbox.Maildir(self.folder)) as maildir:
            maildir.add(mail)


@asynccontextmanager
async def mailserver(home: Path, *, starttls: bool = False) -> AsyncIterator[Mailserver]:
    """Start one; TLS begins with the connection, or on demand."""
    smtp, imap, plain = free_ports(3)
    certificate, key = _certificate(home)
    folder = home / "mail" / "canary"
    folder.parent.mkdir()
    mailbox.Maildir(folder).close()
    (home / "mail" / "pymap-etc-passwd").write_text(f"{USER}:x::::canary:\n")
    hashed = BuiltinHash(rounds=1).hash(PASSWORD)
    (home / "mail" / "pymap-etc-shadow").write_text(f"{USER}:{hashed}\n")
    tls = ["--cert", str(certificate), "--key", str(key)] if starttls else ["--no-tls"]
    port = imap if starttls else plain
    program = [
        str(Path(sys.executable).with_name("pymap")),
        "--host",
        LOOPBACK,
        "--port",
        str(port),
    ]
    with (home / "pymap.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603, ASYNC220 - it starts at once
            [*program, *tls, "maildir", str(home / "mail")], stdout=log, stderr=log
        )
    loop = asyncio.get_running_loop()
    taker = await loop.create_server(lambda: SMTP(Mailbox(folder)), LOOPBACK, smtp)
    front = None if starttls else await _front(imap, plain, certificate, key)
    try:
        await eventually(lambda: asyncio.to_thread(accepts, port), "the IMAP server answers")
        yield Mailserver(smtp, imap, certificate, folder, "imap" if starttls else "imaps")
    finally:
        for server in filter(None, (taker, front)):
            server.close()
        process.kill()
        process.wait()


async def _front(port: int, behind: int, certificate: Path, key: Path) -> asyncio.Server:
    """Speak TLS from the start, which pymap itself does not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_connection(LOOPBACK, behind)
        await asyncio.gather(_pass_on(reader, inner[1]), _pass_on(inner[0], writer))

    return await asyncio.start_server(join, LOOPBACK, port, ssl=context)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while said := await reader.read(65_536):
            writer.write(said)
            await writer.drain()
    except OSError:
        pass  # one side hung up; so does the other
    finally:
        writer.close()


def _certificate(home: Path) -> tuple[Path, Path]:
    """Make a certificate for the loopback address that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    address = x509.IPAddress(ipaddress.ip_address(LOOPBACK))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = home / "mail.crt", home / "mail.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
