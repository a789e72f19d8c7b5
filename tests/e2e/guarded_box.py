"""A box that asks every caller for a token and speaks TLS on both ports, set up by commands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtests.box import OwnBox, aibox_command
from serving.domain.access import Role
from tests.e2e.numbered_models import write


@dataclass(frozen=True, slots=True)
class GuardedBox:
    """What a caller of it needs to have."""

    box: OwnBox
    ca: Path
    tokens: Mapping[Role, str]

    @property
    def admin_url(self) -> str:
        return f"https://127.0.0.1:{self.box.admin_port}"

    def aibox(self, *given: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """A command as another machine would give it: by the network, with no state directory."""
        environment = self.box.environment() | {"AIBOX_STATE": "/nonexistent"}
        return run_aibox(environment | {"AIBOX_TOKEN": token}, "--ca", str(self.ca), *given)


@contextmanager
def guarded_box(folder: Path) -> Iterator[GuardedBox]:
    """Starts it in `folder`; version 1 of the numbered model serves, version 2 is there."""
    certs = folder / "certs"
    for version in (1, 2):
        write(folder / "models", version)
    box = OwnBox(_settings(folder / "models", certs), folder / "state")
    done(run_aibox(box.environment(), "certs", "make", "--dir", str(certs)))
    tokens = {role: _token(box, role) for role in Role}
    with box:
        yield GuardedBox(box, certs / "ca.pem", tokens)


def run_aibox(environment: Mapping[str, str], *given: str) -> subprocess.CompletedProcess[str]:
    """One command to its end."""
    return subprocess.run(
        [aibox_command(), *given],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def done(ran: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that must not fail."""
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _token(box: OwnBox, role: Role) -> str:
    made = done(
        run_aibox(box.environment(), "tokens", "create", f"a-{role}", "--role", role, "--json")
    )
    return str(json.loads(made)["secret"])


def _settings(models: Path, certs: Path) -> dict[str, str]:
    settings = {
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(models)]),
        "AIBOX__REGISTRY__DEFAULT_POLICY": json.dumps({"specific": {"versions": [1]}}),
        "AIBOX__ACCESS__REQUIRED": "true",
    }
    for section in ("GRPC", "ADMIN"):
        settings[f"AIBOX__{section}__TLS__CERT"] = str(certs / "server.pem")
        settings[f"AIBOX__{section}__TLS__KEY"] = str(certs / "server.key")
    return settings
