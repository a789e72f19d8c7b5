"""A child process that does not outlive the thread that started it."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
"""prctl(2); the kernel sends the signal when the parent's thread has ended."""


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Call it first: a parent that has ended before is not noticed."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
