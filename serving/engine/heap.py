"""Tells glibc when to keep freed memory for the next message and when to hand it back."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
"""From glibc's <malloc.h>; see mallopt(3)."""

_KEEP_BYTES = 2**31 - 1
_STEP_BYTES = 64 * 1024**2
_LARGEST_KEPT_BYTES = 1024**3
_DEFAULT_BYTES = 128 * 1024
_KEEP = (
    (_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES),
    (_M_TRIM_THRESHOLD, _KEEP_BYTES),
    (_M_TOP_PAD, _STEP_BYTES),
)
_HAND_BACK = ((_M_TRIM_THRESHOLD, _DEFAULT_BYTES), (_M_TOP_PAD, _DEFAULT_BYTES))


def keep_freed_memory() -> bool:
    """For a process that handles messages of megabytes; call it early. False without glibc.

    By default a freed megabyte goes back to the kernel, and the next one costs 256 page faults
    for zeroed pages: on a virtual machine several times the work of the request itself.
    """
    return _set(_KEEP)


@contextmanager
def handing_back() -> Iterator[None]:
    """What is freed inside goes back to the kernel; afterwards freed memory is kept.

    For a model that leaves: what it took lies in the arenas of threads that are gone too, where
    nothing would use it again. malloc_trim(3) alone leaves the tops of those arenas as they are.
    """
    _set(_HAND_BACK)
    try:
        yield
        trim()
    finally:
        _set(_KEEP)


def trim() -> None:
    """What is free at the ends of the arenas goes back to the kernel; nothing without glibc."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except AttributeError:
        return


def _set(options: Sequence[tuple[int, int]]) -> bool:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    accepted = [mallopt(option, value) == 1 for option, value in options]
    return all(accepted)
