"""`expunge keys`: makes, publishes and lists; the second call changes nothing."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.trust import Trust
from shared.keys.cli import keys_app
from shared.outbox.topics import apply
from shared.settings import Settings

SERVICES = ("newsletter", "erasure", "rights")
VERIFIERS = ("newsletter", "rights")


@pytest.fixture
async def topics(settings: Settings) -> None:
    await apply(settings)


@pytest.mark.usefixtures("topics")
def test_the_command_makes_publishes_and_lists(
    settings: Settings, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app, run = keys_app(SERVICES, VERIFIERS), CliRunner()

    early = run.invoke(app, ["list"])
    first, second = run.invoke(app, ["apply"]), run.invoke(app, ["apply"])
    listed = run.invoke(app, ["list"])

    assert (early.exit_code, first.exit_code, second.exit_code) == (1, 0, 0)
    assert "made newsletter_verifier" in first.output
    assert "published 2 records" in first.output
    assert "every key is there" in second.output
    assert "nothing to publish" in second.output
    trust = Trust.from_json(settings.trust.read_bytes())
    assert all(key.key_id in listed.output for key in trust.keys)
    private = (settings.secrets / "keys" / "newsletter").read_text().strip()
    assert private not in first.output + second.output + listed.output


def test_without_a_broker_the_keys_are_made_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPUNGE_STATE", str(tmp_path))
    monkeypatch.setenv("EXPUNGE_KAFKA", "127.0.0.1:1")

    done = CliRunner().invoke(keys_app(SERVICES, VERIFIERS), ["apply"])

    assert done.exit_code == 1
    assert "no broker answers at EXPUNGE_KAFKA" in done.output
    assert (tmp_path / "trust.json").exists()
