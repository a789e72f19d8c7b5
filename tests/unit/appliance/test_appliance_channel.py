"""How a client is told to know the box, and which box a command means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.client.channel import ChannelOptions, open_channel
from appliance.commands.certificate_options import keep_options
from appliance.commands.connection import channel_options
from appliance.local_address import local_address
from appliance.state_dir import StateDir
from provisioning.certs.make import CertRequest, make_certs
from serving.domain.errors import InvalidRequest
from serving.domain.node_report import NodeReport
from serving.rpc.settings import GrpcSettings
from serving.rpc.tls_settings import GrpcTlsSettings
from serving.settings import ServingSettings

ADDRESS = "127.0.0.1:1"
A, B, C = Path("/a"), Path("/b"), Path("/c")


def test_nothing_said_is_a_connection_in_the_clear() -> None:
    assert channel_options({}).empty
    assert not channel_options({}).secure
    open_channel(ADDRESS).close()


def test_options_beat_the_environment_one_by_one() -> None:
    said = {"AIBOX_CA": "/a", "AIBOX_CERT": "/b", "AIBOX_KEY": ""}
    assert channel_options(said) == ChannelOptions(A, B, None)
    keep_options(said, None, C, C)
    assert channel_options(said) == ChannelOptions(A, C, C)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (ChannelOptions(cert=A, key=B), "needs TLS; name the authority"),
        (ChannelOptions(ca=A), "--ca, /a, cannot be read"),
    ],
)
def test_options_that_cannot_be(options: ChannelOptions, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        open_channel(ADDRESS, options)


def test_files_of_the_client_are_checked_before_it_calls(tmp_path: Path) -> None:
    made = make_certs(CertRequest(folder=tmp_path, clients=("pacs",)))
    cert, key = made.clients[0], made.clients[0].with_suffix(".key")
    open_channel(ADDRESS, ChannelOptions(made.authority, cert, key, "box.example")).close()
    with pytest.raises(InvalidRequest, match="go together"):
        open_channel(ADDRESS, ChannelOptions(made.authority, cert))
    with pytest.raises(InvalidRequest, match=r"--key.* is not the key"):
        open_channel(ADDRESS, ChannelOptions(made.authority, cert, made.server_key))
    with pytest.raises(InvalidRequest, match=r"--ca.* holds no certificate"):
        open_channel(ADDRESS, ChannelOptions(key))


def running(tmp_path: Path, *, tls: bool, pid: int | None = None) -> StateDir:
    """A state directory as a box with one replica leaves it."""
    state = StateDir(tmp_path / "s")
    state.prepare()
    pair = GrpcTlsSettings(cert=A, key=B) if tls else None
    told = ServingSettings(state_dir=state.root, box_version="1", grpc=GrpcSettings(tls=pair))
    state.settings.write_text(told.model_dump_json())
    report = NodeReport(
        node=3, pid=pid or os.getpid(), cpus=(0,), memory_policy="none", address="x", models=()
    )
    (state.run / "node-3.json").write_text(report.model_dump_json())
    (state.run / "node-3.sock").touch()
    return state


def test_a_box_with_tls_is_reached_by_its_own_socket(tmp_path: Path) -> None:
    state = running(tmp_path, tls=True)
    assert local_address(state) == f"unix:{state.run / 'node-3.sock'}"


def test_a_box_in_the_clear_is_reached_by_its_port(tmp_path: Path) -> None:
    assert local_address(running(tmp_path, tls=False)) is None


def test_a_dead_replica_and_an_empty_state_have_no_socket(tmp_path: Path) -> None:
    assert local_address(StateDir(tmp_path / "none")) is None
    assert local_address(running(tmp_path, tls=True, pid=2**22 + 1)) is None
