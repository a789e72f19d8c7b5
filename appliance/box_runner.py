"""Runs a box in this process until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.bootstrap import build_box
from appliance.box_config import BoxConfig
from appliance.box_state import Phase
from appliance.lock import BoxLock
from appliance.registry.admission import Reached, unwatched
from serving.logs import configure_logging

log = logging.getLogger(__name__)

PRIVATE_UMASK = 0o077


def run_box(
    config: BoxConfig, announce: Callable[[Phase], None], reached: Reached = unwatched
) -> None:
    """Holds the lock, serves the admin API and supervises, until SIGTERM or SIGINT.

    Call from the main thread: the driver dies with the thread that started it. `reached` is told
    of every step of a switch of models.
    Raises AlreadyRunning, AddressTaken, BoxFailed, ConfigurationError.
    """
    os.umask(PRIVATE_UMASK)
    config.state.prepare()
    with BoxLock(config.state.lock), stop_on_signals() as stop:
        configure_logging(config.state.root, "supervisor", config.settings.log)
        box = build_box(config, reached)
        with box.at_work():
            box.supervisor.run(stop, announce)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM or SIGINT sets; the former handlers come back afterwards."""
    stop = threading.Event()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asks to be left running
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
