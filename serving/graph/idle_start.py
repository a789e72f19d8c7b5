"""Starts a module as idle work: `idle_start MODULE ARGUMENTS`.

Importing it takes seconds of CPU time, which nobody who waits for an answer shall pay for.
"""

from __future__ import annotations

import runpy
import sys

from serving.engine.binding import run_idle


def main() -> None:
    """Becomes the module's program."""
    run_idle()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
