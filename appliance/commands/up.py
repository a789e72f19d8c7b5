"""`aibox up` and `aibox down`."""

from __future__ import annotations

import os
import signal
import time
from typing import Annotated

import typer

from appliance.box_config import BoxConfig, load_config
from appliance.box_runner import run_box
from appliance.box_state import Phase
from appliance.client import AiboxClient
from appliance.commands.console import answers, notes
from appliance.commands.options import ConfigOption, StateOption
from appliance.errors import BoxFailed
from appliance.local_address import local_address
from appliance.lock import holder
from appliance.processes import end_box
from appliance.state_dir import StateDir

_SENTENCES = {
    Phase.STARTING: "starting; this takes about half a minute",
    Phase.RECOVERING: "a part of the box was lost; it is started afresh",
    Phase.STOPPING: "stopping",
}


def up(config: ConfigOption = None, state: StateOption = None) -> None:
    """Start the box here and keep it running until ctrl-C or `aibox down`."""
    chosen = load_config(config, state)
    run_box(chosen, Announcer(chosen))


ANSWER_WITHIN_S = 10.0


class Announcer:
    """Tells the operator each new phase once; the addresses whenever the box is ready."""

    def __init__(self, config: BoxConfig) -> None:
        self._config = config
        self._told: Phase | None = None

    def __call__(self, phase: Phase) -> None:
        if phase is self._told:
            return
        self._told = phase
        if phase is Phase.SERVING:
            self._ready()
        else:
            notes.print(f"aibox: {_SENTENCES[phase]}")

    def _ready(self) -> None:
        address = local_address(self._config.state) or self._config.grpc_address
        with AiboxClient(address) as client:
            if not client.wait_healthy(ANSWER_WITHIN_S):
                notes.print("aibox: every part is up, but the gRPC port does not answer yet")
                return
        answers.print("aibox ready")
        answers.print(f"  gRPC     {self._config.grpc_address}")
        answers.print(f"  admin    {self._config.admin_url}/docs")
        answers.print(f"  metrics  {self._config.admin_url}/metrics")
        answers.print(f"  state    {self._config.state.root}", soft_wrap=True)


def down(
    state: StateOption = None,
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to wait.")] = 60.0,
) -> None:
    """Stop the box of this state directory and whatever an earlier run left behind."""
    chosen = StateDir.locate(state)
    pid = holder(chosen.lock)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        _wait_until_down(chosen, pid, timeout_s)
        answers.print("aibox is down")
        return
    orphans = end_box(chosen.box_id(), grace_s=5.0) if chosen.box_id_file.exists() else 0
    answers.print(f"no box runs here{f'; {orphans} orphans ended' if orphans else ''}")


def _wait_until_down(state: StateDir, pid: int, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while holder(state.lock) == pid:
        if time.monotonic() > deadline:
            raise BoxFailed(
                f"the box (process {pid}) is not down after {timeout_s:.0f} seconds; "
                "wait, or end it with `kill -9` and run `aibox down` again"
            )
        time.sleep(0.1)
