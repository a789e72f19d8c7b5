"""`aibox` against a port with TLS: the options, the environment, the socket on the box itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from appliance.state_dir import StateDir
from serving.domain.node_report import NodeReport
from serving.settings import ServingSettings
from tests.integration.tls.conftest import Certs
from tests.integration.tls.test_tls_grpc import serving, settings

IN = "Method not found"
"""These servers have no job service: who hears so has got in."""


def options(certs: Certs) -> dict[str, str]:
    pair = certs.folder.client("pacs")
    return {"ca": str(certs.ca), "cert": str(pair.certificate), "key": str(pair.key)}


async def say(*before: str, variables: dict[str, str] | None = None, more: str = "") -> str:
    """What `aibox ... jobs list ...` says on stderr."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIBOX")}
    command = [sys.executable, "-m", "appliance.cli", *before, "jobs", "list", *more.split()]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=kept | (variables or {}),
    )
    return done.stderr


async def test_options_before_the_command(certs: Certs) -> None:
    said = [word for name, path in options(certs).items() for word in (f"--{name}", path)]
    async with serving(certs, mutual=True) as server:
        assert IN in await say(*said, more=f"--address {server.address}")
        assert IN not in await say(*said[:2], more=f"--address {server.address}")


async def test_the_environment(certs: Certs) -> None:
    said = {f"AIBOX_{name.upper()}": path for name, path in options(certs).items()}
    async with serving(certs, mutual=True) as server:
        assert IN in await say(variables=said, more=f"--address {server.address}")
        assert IN not in await say(more=f"--address {server.address}")


async def test_a_certificate_that_cannot_be_used_is_one_sentence(certs: Certs) -> None:
    said = await say("--ca", str(certs.folder.server.key), more="--address 127.0.0.1:1")
    assert said.startswith("aibox: the file of --ca,")
    assert said.count("\n") == 1


async def test_on_the_box_itself_its_socket_needs_no_certificate(
    certs: Certs, tmp_path: Path
) -> None:
    state = StateDir(tmp_path / "s")
    state.prepare()
    chosen = settings(certs, mutual=True)
    told = ServingSettings(state_dir=state.root, box_version="1", grpc=chosen)
    state.settings.write_text(told.model_dump_json())
    report = NodeReport(
        node=0, pid=os.getpid(), cpus=(0,), memory_policy="none", address="x", models=()
    )
    (state.run / "node-0.json").write_text(report.model_dump_json())
    async with serving(certs, mutual=True, socket=state.run / "node-0.sock"):
        assert IN in await say(more=f"--state {state.root}")
