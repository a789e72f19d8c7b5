"""Starts and stops server processes for the tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{REPO}{os.pathsep}{REPO / 'protos'}"}


@dataclass
class BoxProcess:
    """One running server; its log lies in `log_path`."""

    process: subprocess.Popen[str]
    address: str
    log_path: Path

    def stop(self) -> int:
        """Asks it to end; returns its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=20)


def start_box(run_dir: Path, node: int = 0, nodes: int = 1, kind: str = "numpy") -> BoxProcess:
    """A server over numpy functions or the real engine, answering when this returns."""
    log_path = run_dir / f"node-{node}.log"
    script = Path(__file__).with_name(f"serve_{kind}.py")
    with log_path.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(run_dir), str(node), str(nodes)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=ENVIRONMENT,
            cwd=REPO,
        )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, log_path.read_text()[-2000:]
    return BoxProcess(process, address, log_path)
