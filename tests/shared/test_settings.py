"""Settings say what is wrong by name, never by value, and keep the door shut."""

import os
import stat
from pathlib import Path

import pytest

from shared.settings import DEMO_MARK, MissingSecret, Settings, SettingsError, write_secret


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the variables of the machine."""
    for name in list(os.environ):
        if name.startswith("EXPUNGE_"):
            monkeypatch.delenv(name)


def test_defaults_stay_below_one_folder() -> None:
    settings = Settings.load()

    assert settings.secrets == Path(".expunge/secrets")
    assert settings.trust == Path(".expunge/trust.json")
    assert settings.topic("erasure.v1") == "erasure.v1"
    assert settings.partitions_of("erasure.v1") == 1


def test_a_variable_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pg").write_text("db.internal:5432\n")
    monkeypatch.setenv("EXPUNGE_POSTGRES_FILE", str(tmp_path / "pg"))
    monkeypatch.setenv("EXPUNGE_PARTITIONS", '{"consent.v1": 4}')

    settings = Settings.load()

    assert settings.postgres == "db.internal:5432"
    assert settings.partitions_of("consent.v1") == 4


def test_a_variable_wins_over_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pg").write_text("file:1")
    monkeypatch.setenv("EXPUNGE_POSTGRES_FILE", str(tmp_path / "pg"))
    monkeypatch.setenv("EXPUNGE_POSTGRES", "variable:2")

    assert Settings.load().postgres == "variable:2"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPUNGE_POSTGRES_FILE", "/nowhere/at-all")

    with pytest.raises(SettingsError) as raised:
        Settings.load()

    assert "EXPUNGE_POSTGRES_FILE" in str(raised.value)
    assert "nowhere" not in str(raised.value)


def test_everything_wrong_is_named_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPUNGE_POSTGRES", "hunter2")
    monkeypatch.setenv("EXPUNGE_SMTP", "hunter3")
    monkeypatch.setenv("EXPUNGE_NAMESPACE", "Hunter4")
    monkeypatch.setenv("EXPUNGE_PARTITIONS", '{"erasure.v1": 0}')

    with pytest.raises(SettingsError) as raised:
        Settings.load()

    said = str(raised.value)
    for name in ("POSTGRES", "SMTP", "NAMESPACE", "PARTITIONS"):
        assert f"EXPUNGE_{name}" in said
    assert "unter" not in said


def test_a_namespace_stands_before_every_name(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, namespace="t1_")
    write_secret(settings.secrets / "database" / "t1_newsletter_app", "a/b@c\n")

    assert settings.topic("erasure.v1") == "t1_erasure.v1"
    assert settings.bare_topic("t1_erasure.v1") == "erasure.v1"
    assert settings.group("newsletter") == "t1_newsletter"
    assert settings.database_url("newsletter", "app") == (
        "postgresql://t1_newsletter_app:a%2Fb%40c@127.0.0.1:55432/t1_newsletter"
    )


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)

    with pytest.raises(MissingSecret, match="database/newsletter_app"):
        settings.database_url("newsletter", "app")


@pytest.mark.parametrize("bind", ["0.0.0.0:8000", "[::]:8000", "192.0.2.1:80", "example.org:80"])
def test_development_stays_on_this_machine(tmp_path: Path, bind: str) -> None:
    with pytest.raises(SettingsError, match="loopback"):
        Settings(state=tmp_path, bind=bind, development=True)


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "[::1]:8000", "localhost:8000", "127.9.9.9:1"])
def test_development_works_on_loopback(tmp_path: Path, bind: str) -> None:
    assert Settings(state=tmp_path, bind=bind, internal_bind=bind, development=True).bind == bind


def test_demo_secrets_never_meet_the_world(tmp_path: Path) -> None:
    Settings(state=tmp_path, development=True).make_secret("database/newsletter_app")

    with pytest.raises(SettingsError, match="demo"):
        Settings(state=tmp_path, bind="0.0.0.0:8000")


def test_a_secret_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)

    first, second = (settings.make_secret("keys/newsletter") for _ in range(2))

    file = settings.secrets / "keys" / "newsletter"
    assert first == second == file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not (settings.secrets / DEMO_MARK).exists()
    assert [path.name for path in file.parent.iterdir()] == ["newsletter"]
