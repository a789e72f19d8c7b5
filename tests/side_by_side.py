"""`make test`: the end-to-end tests beside all others, which takes two thirds of the time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")
END_TO_END = "tests/e2e"
ELSEWHERE = ("tests/zoo", END_TO_END)
"""What `tests` leaves out: it has an environment, or a process, of its own."""


def main() -> int:
    """Shows the one's output as it comes, then the other's; 0 where both passed."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        sys.stdout.write(f"{END_TO_END} runs beside the others; its output follows theirs\n")
        sys.stdout.flush()
        beside = subprocess.Popen([*PYTEST, END_TO_END], stdout=said, stderr=subprocess.STDOUT)
        try:
            others = [f"--ignore={path}" for path in ELSEWHERE]
            own = subprocess.run([*PYTEST, "tests", *others], check=False).returncode
        finally:  # a terminal's Ctrl-C reaches both
            beside.wait()
            said.seek(0)
            shutil.copyfileobj(said, sys.stdout)
    return own or beside.returncode


if __name__ == "__main__":
    sys.exit(main())
