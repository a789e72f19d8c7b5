"""`dying_box.py up --state DIR`: an `aibox up` that is killed where `DIR/die-at` says.

The file names a step of a switch; the process gets SIGKILL the moment it comes there.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from appliance.box_config import load_config
from appliance.box_runner import run_box
from appliance.commands.up import Announcer

ORDER = "die-at"


def main(state: Path) -> None:
    """Runs until told to stop, or until the step is reached."""

    def reached(step: str) -> None:
        order = state / ORDER
        if order.exists() and order.read_text() == step:
            order.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    config = load_config(None, state)
    run_box(config, Announcer(config), reached)


if __name__ == "__main__":
    main(Path(sys.argv[sys.argv.index("--state") + 1]))
