"""Which box a command talks to, and how it knows that it is the right one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from appliance.box_config import load_config
from appliance.box_state import running_report
from appliance.client import AiboxClient
from appliance.client.channel import ChannelOptions
from appliance.commands.certificate_options import CA_VARIABLE, CERT_VARIABLE, KEY_VARIABLE
from appliance.local_address import local_address
from appliance.state_dir import StateDir


def connect(address: str | None, state: Path | None) -> AiboxClient:
    """The named box; else the one that runs on this state directory; else the settings' address.

    By TLS where an authority is named; else the box of this state directory is reached by its
    Unix socket once its port speaks TLS. Raises InvalidRequest where a certificate cannot be used.
    """
    options = channel_options(os.environ)
    if options.empty:
        return AiboxClient(address or local_address(StateDir.locate(state)) or _published(state))
    return AiboxClient(address or _published(state), channel=options)


def channel_options(environment: Mapping[str, str]) -> ChannelOptions:
    """What `$AIBOX_CA`, `$AIBOX_CERT` and `$AIBOX_KEY` say."""
    return ChannelOptions(
        ca=_path(environment, CA_VARIABLE),
        cert=_path(environment, CERT_VARIABLE),
        key=_path(environment, KEY_VARIABLE),
    )


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    return Path(value) if value else None


def _published(state: Path | None) -> str:
    report = running_report(StateDir.locate(state))
    return report.grpc_address if report else load_config(None, state).grpc_address
