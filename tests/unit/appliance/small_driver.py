"""A small process tree of the driver's shape: `small_driver.py STATE [fail|hang]`.

The driver starts a "raylet" and a "gcs"; the raylet starts a "replica" in a session of its own,
which ignores SIGTERM and the death of its parents, as Ray's do.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SLEEP = "import time; time.sleep(300)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
RAYLET = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], start_new_session=True)
time.sleep(300)
"""


def start(code: str) -> int:
    return subprocess.Popen([sys.executable, "-c", code], start_new_session=True).pid


def main(state: Path, how: str) -> None:
    if how == "fail":
        text = json.dumps({"kind": "CorruptModel", "message": "a model file is missing"})
        (state / "run" / "failed.json").write_text(text)
        sys.exit(3)
    if how == "hang":
        time.sleep(300)
    ready = {"driver_pid": os.getpid(), "raylet_pid": start(RAYLET), "gcs_pid": start(SLEEP)}
    time.sleep(0.3)
    scratch = state / "run" / "ready.tmp"
    scratch.write_text(json.dumps({**ready, "started_at": time.time()}))
    scratch.replace(state / "run" / "ready.json")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(300)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
