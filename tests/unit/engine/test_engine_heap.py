"""Freed memory is kept for the next message, and handed back where a model has left."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import contextlib, os, sys, threading
from pathlib import Path
from serving.engine.heap import handing_back, keep_freed_memory

def resident_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

keep_freed_memory()
blocks = []
maker = threading.Thread(target=lambda: blocks.extend(bytearray(2**17) for _ in range(800)))
before = resident_mib()
maker.start()
maker.join()
grown = resident_mib() - before
with handing_back() if sys.argv[1] == "hand-back" else contextlib.nullcontext():
    blocks.clear()
print(grown, resident_mib() - before)
"""


@pytest.mark.parametrize(("way", "low", "high"), [("hand-back", -20, 20), ("keep", 60, 120)])
def test_what_a_thread_that_is_gone_has_left(way: str, low: float, high: float) -> None:
    """100 MiB, in an arena of that thread's own; MiB that stay with the process."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, way], check=True, capture_output=True, text=True
    )
    grown, left = map(float, done.stdout.split())
    assert grown == pytest.approx(100, abs=20)
    assert low < left < high
