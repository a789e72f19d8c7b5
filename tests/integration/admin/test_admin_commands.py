"""The client and the commands against an admin API that really listens, on a Unix socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from appliance.admin.app import build_app
from appliance.admin.operations.operation import Operation, OperationState
from appliance.admin.passed_on import PassedOnGate
from appliance.admin.server import AdminServer
from appliance.client.admin import AdminClient
from appliance.client.bearer import TOKEN_VARIABLE
from appliance.commands import canary, jobs, models, operations, releases, shadow
from appliance.errors import BoxUnreachable
from appliance.ports import listen_unix
from serving.domain.access import Role
from serving.domain.errors import (
    AiboxError,
    Forbidden,
    IllegalTransition,
    JobNotFound,
    ModelNotFound,
    Unauthenticated,
)
from tests.unit.appliance.admin.small_admin import SmallAdmin


class Listening:
    """The API on a socket, and the commands that talk to it."""

    def __init__(self, admin: SmallAdmin, path: Path) -> None:
        self.admin = admin
        self.address = f"unix:{path}"

    def run(self, group: object, *arguments: str) -> Result:
        return CliRunner().invoke(group.commands, [*arguments, "--admin", self.address])  # type: ignore[attr-defined]

    def json(self, group: object, *arguments: str) -> object:
        result = self.run(group, *arguments, "--json")
        assert result.exit_code == 0, result.exception
        return json.loads(result.stdout)

    def refused(self, group: object, *arguments: str) -> BaseException:
        """What `aibox` makes one sentence and the exit code 1 of."""
        result = self.run(group, *arguments)
        assert isinstance(result.exception, AiboxError), result.output
        assert result.stdout == ""
        return result.exception


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen(16)
        with SmallAdmin(tmp_path / "box") as admin, AdminServer(admin.app, sock):
            yield Listening(admin, path)


@pytest.fixture
def client(listening: Listening) -> Iterator[AdminClient]:
    with AdminClient(listening.address) as made:
        yield made


def test_the_client_follows_a_change_to_its_end(client: AdminClient) -> None:
    seen: list[Operation] = []
    done = client.wait(client.promote("unet", 2), seen.append, poll_s=0.01)
    assert (done.state, done.generation) == (OperationState.DONE, 2)
    assert seen[-1] == done == client.operations()[0]
    found = {model.name: model for model in client.models()}
    assert found["unet"].stable == 2
    assert [route.stable for route in client.routes()] == ["chest_ct@2"]


def test_the_client_raises_what_the_box_tells(client: AdminClient) -> None:
    with pytest.raises(ModelNotFound, match="version 9"):
        client.wait(client.promote("unet", 9), poll_s=0.01)
    with pytest.raises(IllegalTransition):
        client.wait(client.unload("unet"), poll_s=0.01)
    with pytest.raises(JobNotFound):
        client.operation("0" * 32)
    with pytest.raises(AiboxError):
        client.load("../jobs/x")


def test_a_token_goes_along(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    with AdminClient(listening.address, token="wrong") as client, pytest.raises(Unauthenticated):
        client.models()
    viewer = listening.admin.tokens.issue("viewer", Role.VIEWER).secret
    monkeypatch.setenv(TOKEN_VARIABLE, viewer)
    with AdminClient(listening.address) as client:
        assert client.models()
        with pytest.raises(Forbidden, match="versions"):
            client.rollback()


def test_nobody_there(tmp_path: Path) -> None:
    for address in (f"unix:{tmp_path}/none", "http://127.0.0.1:1"):
        with AdminClient(address) as client, pytest.raises(BoxUnreachable, match="aibox up"):
            client.models()


def test_models_are_loaded_promoted_labelled_and_rolled_back(listening: Listening) -> None:
    run = listening.run
    assert "generation 2 serves" in run(models, "load", "unet", "2").stdout
    assert "model.promote unet 2 is done" in run(models, "promote", "unet", "2").stdout
    assert run(models, "label", "unet", "1", "before").exit_code == 0
    found = listening.admin.box.committed
    assert found is not None
    assert found.labels["unet"] == {"before": 1, "stable": 2}
    assert run(models, "unlabel", "unet", "before").exit_code == 0
    assert "models.rollback is done" in run(models, "rollback").stdout
    assert "every file" in run(models, "verify", "unet", "2").stdout
    assert "nothing new" in run(models, "refresh").stdout
    operation = listening.json(models, "load", "lonely")
    assert isinstance(operation, dict)
    assert operation["state"] == "done"
    assert run(models, "unload", "lonely").exit_code == 0


def test_a_refusal_is_one_sentence(listening: Listening) -> None:
    assert isinstance(listening.refused(models, "unload", "unet", "1"), IllegalTransition)
    assert isinstance(listening.refused(models, "promote", "none", "1"), ModelNotFound)
    assert isinstance(listening.refused(releases, "promote", "chest_ct@9"), ModelNotFound)
    assert isinstance(listening.refused(shadow, "stop", "chest_ct"), IllegalTransition)
    assert isinstance(listening.refused(jobs, "retry", "0" * 32), JobNotFound)
    listed = listening.run(operations, "list").stdout
    assert "failed" in listed


def test_releases_canaries_and_shadows(listening: Listening) -> None:
    made = listening.json(releases, "create", "chest_ct", "hrnet=1", "unet=2", "--set", "a=b")
    assert isinstance(made, dict)
    assert made["result"] == "chest_ct@2"
    assert "a=b" in listening.run(releases, "list").stdout
    assert listening.run(canary, "start", "chest_ct@2", "--share", "0.5").exit_code == 0
    assert listening.run(shadow, "start", "chest_ct@2").exit_code == 0
    shown = listening.run(canary, "show", "chest_ct").stdout
    assert "chest_ct@2" in shown
    assert "canary: wait" in shown
    assert listening.run(canary, "stop", "chest_ct").exit_code == 0
    assert listening.run(shadow, "stop", "chest_ct").exit_code == 0
    assert "neither" in listening.run(canary, "show", "chest_ct").stdout
    assert listening.run(releases, "promote", "chest_ct@2").exit_code == 0
    assert listening.run(releases, "remove", "chest_ct@1").exit_code == 0
    found = listening.json(releases, "list")
    assert isinstance(found, list)
    assert [each["reference"] for each in found] == ["chest_ct@2"]


def test_on_the_box_itself_its_own_socket_is_used(tmp_path: Path) -> None:
    with SmallAdmin(tmp_path, tokens_required=True) as admin:
        app = build_app(replace(admin.parts, gatekeeper=PassedOnGate(admin.gate)))
        with AdminServer(app, listen_unix(admin.state.admin_socket)):
            arguments = ["promote", "unet", "2", "--state", str(admin.state.root), "--json"]
            result = CliRunner().invoke(models.commands, arguments)
        assert result.exit_code == 0, result.output
        done = json.loads(result.stdout)
        assert (done["actor"], done["role"], done["state"]) == ("local", "operator", "done")


@pytest.mark.parametrize(
    "given", [["unet"], ["unet=0"], ["unet=x"], ["unet=1", "unet=2"], ["=1"], ["unet="]]
)
def test_wrong_pairs_are_wrong_usage(listening: Listening, given: list[str]) -> None:
    assert listening.run(releases, "create", "chest_ct", *given).exit_code == 2
