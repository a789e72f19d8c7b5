"""Which box a command talks to."""

from __future__ import annotations

from pathlib import Path

from appliance.box_config import load_config
from appliance.box_state import running_report
from appliance.client import AiboxClient
from appliance.state_dir import StateDir


def connect(address: str | None, state: Path | None) -> AiboxClient:
    """The named box; else the one that runs on this state directory; else the settings' address."""
    return AiboxClient(address or _running(StateDir.locate(state)) or _configured(state))


def _running(state: StateDir) -> str | None:
    report = running_report(state)
    return report.grpc_address if report else None


def _configured(state: Path | None) -> str:
    return load_config(None, state).grpc_address
