"""The child process of a benchmark: one way to run one network, timed on command; no torch here.

A line of JSON on stdin is a command, a line of JSON on stdout its answer. Between commands the
process blocks in a read and uses no CPU, so that any number of them can live side by side.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

READY = "ready"


class Contender(Protocol):
    """One loaded network. Implementations warm themselves up when they are made."""

    def facts(self) -> dict[str, Any]:
        """Versions, threads, precision: what a reader must know to judge the figures."""

    def outputs(self) -> list[NDArray[Any]]:
        """All outputs for the example inputs, in the network's order."""

    def infer(self) -> None:
        """One inference with all threads."""

    def workers(self) -> int:
        """How many inferences `infer_on` may run at a time."""

    def infer_on(self, worker: int) -> None:
        """One inference of worker 0 .. workers() - 1; each is called from a thread of its own."""

    def profile(self) -> list[dict[str, Any]]:
        """Time per layer, costliest first; empty where the runtime does not tell."""


def serve(contender: Contender) -> None:
    """Answers commands until stdin ends."""
    answers = _take_stdout()
    _answer(answers, {"did": READY, "pid": os.getpid()} | contender.facts())
    for line in sys.stdin:
        _answer(answers, _do(contender, json.loads(line)))


def _do(contender: Contender, command: dict[str, Any]) -> dict[str, Any]:
    what = command["do"]
    if what == "latency":
        return {"seconds": _latency(contender, command["runs"])}
    if what == "throughput":
        return _throughput(contender, command["runs"])
    if what == "outputs":
        np.savez(Path(command["path"]), *contender.outputs())
        return {}
    if what == "profile":
        return {"layers": contender.profile()}
    raise ValueError(f"no such command: {what}")


def _latency(contender: Contender, runs: int) -> list[float]:
    """Seconds of each run, after one that does not count: caches are warm for every contender."""
    contender.infer()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        contender.infer()
        seconds.append(time.perf_counter() - start)
    return seconds


def _throughput(contender: Contender, runs: int) -> dict[str, float]:
    """Inferences a second with every worker busy, `runs` each, the slowest worker counting."""
    workers = contender.workers()

    def work(worker: int) -> None:
        for _ in range(runs):
            contender.infer_on(worker)

    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        for done in [pool.submit(work, worker) for worker in range(workers)]:
            done.result()
        elapsed_s = time.perf_counter() - start
    return {"inferences": workers * runs, "elapsed_s": elapsed_s}


def _take_stdout() -> Any:
    """The real stdout for answers; whatever libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _answer(stream: Any, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def load_inputs(path: Path) -> dict[str, NDArray[Any]]:
    """The example inputs by name, from an npz file: every contender gets the very same."""
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def as_list(outputs: Any) -> Sequence[Any]:
    """A network's answer as a sequence: a lone tensor becomes a list of one."""
    return outputs if isinstance(outputs, list | tuple) else [outputs]
