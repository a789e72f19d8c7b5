"""`make loadtest`: locust, headless, against a fresh box; leaves bench/loadtest-*.html."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from loadtests.box import OwnBox

BENCH = Path("bench")
LOCUSTFILE = Path(__file__).with_name("locustfile.py")
SCENARIOS = {"closed": ("InferUser", "StudyUser"), "open": ("OpenLoopInferUser",)}


def main(
    quick: Annotated[bool, typer.Option(help="20 seconds a scenario in place of 60.")] = False,
    users: Annotated[int, typer.Option(help="Users of the closed loop.")] = 5,
    rate: Annotated[float, typer.Option(help="Requests a second of the open loop.")] = 5.0,
) -> None:
    """Runs the closed-loop and the open-loop scenario; fails if any request failed."""
    BENCH.mkdir(exist_ok=True)
    worst = 0
    with OwnBox() as box:
        for name, classes in SCENARIOS.items():
            report = BENCH / f"loadtest-{name}.html"
            command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
            command += ["--host", box.address, "--rate", str(rate), "--only-summary"]
            command += ["-u", str(users if name == "closed" else 1), "-r", "2"]
            command += ["-t", "20s" if quick else "60s", "--stop-timeout", "60"]
            command += ["--html", str(report), *classes]
            worst = max(worst, subprocess.run(command, check=False).returncode)
            typer.echo(f"report: {report}")
    raise typer.Exit(worst)


if __name__ == "__main__":
    typer.run(main)
