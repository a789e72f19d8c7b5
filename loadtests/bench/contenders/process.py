"""The parent's handle on a contender: start it, give it commands, count its CPU and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from loadtests.bench.cpu_time import cpu_seconds

_CLEARED = ("MALLOC_", "OMP_", "KMP_", "GOMP_", "MKL_", "ONEDNN_", "DNNL_")
"""Settings of the caller's environment that would tune a contender behind the reader's back."""


class ContenderProcess:
    """One contender, alive until the context ends; `facts` is what it says of itself."""

    def __init__(self, name: str, command: Sequence[str], settings: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=clean_environment(os.environ) | dict(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts: dict[str, Any] = {}

    def wait_ready(self) -> ContenderProcess:
        """Returns once it has loaded and warmed up. Raises RuntimeError where it could not."""
        self.facts = self._read()
        return self

    def latency(self, runs: int) -> list[float]:
        """Seconds of each of `runs` inferences, one at a time."""
        return [float(s) for s in self._ask({"do": "latency", "runs": runs})["seconds"]]

    def throughput(self, runs: int) -> float:
        """Inferences a second with all workers busy, `runs` each."""
        answer = self._ask({"do": "throughput", "runs": runs})
        return float(answer["inferences"] / answer["elapsed_s"])

    def outputs(self, path: Path) -> list[NDArray[Any]]:
        """Its outputs for the example inputs, through the file at `path` (.npz)."""
        self._ask({"do": "outputs", "path": str(path)})
        with np.load(path, allow_pickle=False) as data:
            return [data[name] for name in data.files]

    def profile(self) -> list[dict[str, Any]]:
        """Time per layer, costliest first."""
        layers: list[dict[str, Any]] = self._ask({"do": "profile"})["layers"]
        return layers

    @property
    def cpu_s(self) -> float:
        return cpu_seconds([self._process.pid])

    @property
    def memory_gib(self) -> float:
        return float(psutil.Process(self._process.pid).memory_info().rss) / 2**30

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"contender {self.name} ended; its last words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> ContenderProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kind is not None:
            self._process.kill()
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Without settings of allocators, OpenMP and kernels."""
    return {key: value for key, value in environment.items() if not key.startswith(_CLEARED)}
