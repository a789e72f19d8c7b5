"""`aibox tokens`, and how the client picks its token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.client import AiboxClient
from appliance.client.bearer import chosen_token
from appliance.commands.tokens import commands
from appliance.errors import BoxUnreachable, ConfigurationError
from serving.access.token_gate import TokenGate
from serving.audit.reader import open_log
from serving.domain.errors import InvalidRequest, Unauthenticated


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def run(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--state", str(state)])


def make(state: Path, name: str, *more: str) -> dict[str, str]:
    result = run(state, "create", name, "--role", "viewer", "--json", *more)
    assert result.exit_code == 0, result.output
    made: dict[str, str] = json.loads(result.stdout)
    return made


def test_a_token_from_the_shell_opens_the_box(state: Path) -> None:
    result = run(state, "create", "pacs", "--role", "operator")
    secret = result.stdout.strip()
    gate = TokenGate(state / "tokens.json", required=True, recheck_s=0)
    assert gate.identify(secret).role == "operator"
    assert "only time" in result.stderr
    assert run(state, "revoke", "pacs").exit_code == 0
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.identify(secret)


def test_the_list_shows_no_secret(state: Path) -> None:
    made = make(state, "ris", "--days", "30")
    assert made["expires_at"] > made["created_at"]
    shown = run(state, "list", "--json").stdout
    listed = json.loads(shown)
    assert [(t["name"], t["role"], t["state"]) for t in listed] == [("ris", "viewer", "live")]
    table = run(state, "list").stdout
    assert made["id"] in table
    for text in (shown, table):
        assert made["secret"].rpartition("_")[2] not in text
        assert "sha256" not in text


def test_revoking_by_id_leaves_the_other_token_of_the_name(state: Path) -> None:
    old, new = make(state, "ris"), make(state, "ris")
    result = run(state, "revoke", old["id"], "--json")
    assert [t["id"] for t in json.loads(result.stdout)] == [old["id"]]
    gate = TokenGate(state / "tokens.json", required=True, recheck_s=0)
    assert gate.identify(new["secret"]).name == "ris"


def test_each_change_is_audited(state: Path) -> None:
    secret = make(state, "ris")["secret"]
    run(state, "revoke", "ris")
    run(state, "revoke", "DOE^JANE")
    with open_log(state / "audit") as view:
        entries = view.newest(5)
    assert [(e.action, e.subject, e.outcome) for e in entries] == [
        ("token.create", "ris", "done"),
        ("token.revoke", "ris", "done"),
        ("token.revoke", "-", "refused"),
    ]
    kept = "".join(path.read_text() for path in (state / "audit").iterdir() if path.is_file())
    assert secret not in kept
    assert "DOE" not in kept


def test_mistakes_are_one_sentence(state: Path) -> None:
    assert "no tokens" in run(state, "list").stdout
    make(state, "pacs")
    assert isinstance(run(state, "revoke", "ris").exception, InvalidRequest)
    assert isinstance(run(state, "create", "A B", "--role", "viewer").exception, InvalidRequest)
    assert run(state, "create", "ris", "--role", "king").exit_code == 2
    assert run(state, "create", "ris", "--role", "viewer", "--days", "0").exit_code == 2


def test_the_given_token_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "127.0.0.1:8001"
    monkeypatch.delenv("AIBOX_TOKEN", raising=False)
    assert chosen_token(None, address, secure=False) is None
    monkeypatch.setenv("AIBOX_TOKEN", " of_the_environment\n")
    assert chosen_token(None, address, secure=False) == "of_the_environment"
    assert chosen_token("given", address, secure=False) == "given"


@pytest.mark.parametrize("token", ["a b", "a\nb", "é", "a\x00"])
def test_what_cannot_be_a_token(token: str) -> None:
    with pytest.raises(ConfigurationError, match="characters") as refusal:
        chosen_token(token, "127.0.0.1:8001", secure=True)
    assert repr(token) not in refusal.value.message


@pytest.mark.parametrize("address", ["10.0.0.8:8001", "box.hospital:8001", "[fd00::1]:8001"])
def test_a_token_crosses_no_network_in_the_clear(address: str) -> None:
    with pytest.raises(ConfigurationError, match="in the clear"):
        chosen_token("t", address, secure=False)
    assert chosen_token("t", address, secure=True) == "t"


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001", "unix:/s/run/node-0.sock"]
)
def test_a_token_stays_on_this_machine(address: str) -> None:
    assert chosen_token("t", address, secure=False) == "t"


def test_nobody_answers_a_call_with_a_token() -> None:
    with AiboxClient("127.0.0.1:1", timeout_s=5, token="t") as client:
        assert not client.healthy()
        with pytest.raises(BoxUnreachable):
            client.jobs()
        with pytest.raises(BoxUnreachable):
            list(client.watch("j", patience_s=0))
