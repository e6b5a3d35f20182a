"""What a process is told from outside: `EXPUNGE_*` variables and files of secrets.

Each variable may also come from a file: `EXPUNGE_POSTGRES_FILE=/run/pg` is read in place of
`EXPUNGE_POSTGRES`. Errors name what is wrong and never print a value.
"""

import contextlib
import ipaddress
import os
import secrets as random
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX: Final = "EXPUNGE_"
DEMO_MARK: Final = "demo"  # a file in the secrets folder: these were made in development mode
SECRET_BYTES: Final = 24
MAX_NAMESPACE: Final = 20  # PostgreSQL cuts names at 63 bytes

Namespace = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]*_)?$")]


def _host_and_port(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdecimal()):
        message = "write host:port"
        raise ValueError(message)
    return value


Endpoint = Annotated[str, AfterValidator(_host_and_port)]


class SettingsError(Exception):
    """The settings are wrong or incomplete: the message names each variable, no value."""


class MissingSecret(Exception):  # noqa: N818
    """A file of the secrets folder is not there: the message names the file, no content."""


class _FileOrEnvironment(EnvSettingsSource):
    """Reads `NAME_FILE` where `NAME` is not set."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        prefix, end = self.env_prefix.lower(), "_file"
        found = {
            name.removesuffix(end): _read_file_of(name, path)
            for name, path in self.env_vars.items()
            if path and name.startswith(prefix) and name.endswith(end)
        }
        self.env_vars = {**found, **self.env_vars}


def _read_file_of(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        message = f"{name.upper()} names a file that cannot be read"
        raise SettingsError(message) from None


class FromEnvironment(BaseSettings):
    """What a room reads from `EXPUNGE_*`; a service's own settings derive from it too."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over files."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _FileOrEnvironment(settings_cls)

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises SettingsError with every wrong or missing name."""
        try:
            return cls()
        except ValidationError as error:
            wrong = [
                f"{PREFIX}{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
                if fault["loc"]
                else fault["msg"].removeprefix("Value error, ")
                for fault in error.errors(include_input=False, include_context=False)
            ]
        raise SettingsError("; ".join(wrong))


class Settings(FromEnvironment):
    """Where everything is; one object for the whole process (docs/architecture.md)."""

    state: Path = Path(".expunge")
    namespace: Annotated[Namespace, Field(max_length=MAX_NAMESPACE)] = ""
    postgres: Endpoint = "127.0.0.1:55432"
    kafka: str = "127.0.0.1:59092"
    smtp: Endpoint = "127.0.0.1:51025"
    public_url: str = "http://localhost:8000"
    internal_url: str = "http://127.0.0.1:8001"
    bind: Endpoint = "127.0.0.1:8000"
    internal_bind: Endpoint = "127.0.0.1:8001"
    secrets: Path = Path()
    trust: Path = Path()
    partitions: dict[str, PositiveInt] = Field(default_factory=dict)
    development: bool = False

    def model_post_init(self, _context: object, /) -> None:
        """Fill what depends on the state folder and refuse an open door."""
        if self.secrets == Path():
            object.__setattr__(self, "secrets", self.state / "secrets")
        if self.trust == Path():
            object.__setattr__(self, "trust", self.state / "trust.json")
        self.refuse_open_door(self.bind, self.internal_bind)

    def refuse_open_door(self, *binds: str) -> None:
        """Raise SettingsError if a bind is not loopback in development or with demo secrets."""
        if all(map(is_loopback, binds)):
            return
        if self.development:
            message = f"{PREFIX}DEVELOPMENT=1 works on loopback only: change {PREFIX}BIND"
            raise SettingsError(message)
        if (self.secrets / DEMO_MARK).exists():
            message = f"{PREFIX}SECRETS holds demo secrets: make new ones before a public bind"
            raise SettingsError(message)

    def database(self, service: str) -> str:
        """Name the database of a service (or of its verifier, `newsletter_verifier`)."""
        return f"{self.namespace}{service}"

    def role(self, service: str, role: str) -> str:
        """Name the PostgreSQL role of a service."""
        return f"{self.namespace}{service}_{role}"

    def database_url(self, service: str, role: str) -> str:
        """Give the URL with password. Raises MissingSecret before `expunge db apply`."""
        name = self.role(service, role)
        password = quote(self.secret(f"database/{name}"), safe="")
        return f"postgresql://{name}:{password}@{self.postgres}/{self.database(service)}"

    def admin_url(self) -> str:
        """Give the URL of the embedded PostgreSQL's administrator (`database/postgres`)."""
        password = quote(self.secret("database/postgres"), safe="")
        return f"postgresql://postgres:{password}@{self.postgres}/postgres"

    def topic(self, name: str) -> str:
        """Name a topic as the broker knows it; signed bytes hold the bare name."""
        return f"{self.namespace}{name}"

    def bare_topic(self, name: str) -> str:
        """Name a topic as the contracts know it, from the broker's name."""
        return name.removeprefix(self.namespace)

    def group(self, service: str) -> str:
        """Name the consumer group of a service."""
        return f"{self.namespace}{service}"

    def partitions_of(self, topic: str) -> int:
        """Count the partitions of a topic, by its bare name: fixed for ever once it exists."""
        return self.partitions.get(topic, 1)

    def secret(self, name: str) -> str:
        """Read one secret, such as `database/newsletter_app`. Raises MissingSecret."""
        path = self.secrets / name
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            message = (
                f"There is no secret {name} in {PREFIX}SECRETS: `expunge up` makes all secrets; "
                "beside other people's servers `expunge db apply` and `expunge keys apply` do."
            )
            raise MissingSecret(message) from None

    def make_secret(self, name: str) -> str:
        """Return the secret, making a random one (mode 0600) where there is none yet."""
        if self.development:
            with contextlib.suppress(FileExistsError):
                write_secret(self.secrets / DEMO_MARK, "made in development mode\n")
        with contextlib.suppress(FileExistsError):
            write_secret(self.secrets / name, random.token_urlsafe(SECRET_BYTES))
        return self.secret(name)


def write_secret(path: Path, content: str) -> None:
    """Write a new file only its owner reads. Raises FileExistsError.

    The name appears with its whole content or not at all: two processes may start together.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        raise FileExistsError(path.name)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{random.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        os.link(draft, path)
    finally:
        draft.unlink()


def is_loopback(bind: str) -> bool:
    """Say whether `host:port` can be reached from this machine only."""
    host = bind.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
