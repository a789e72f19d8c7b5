"""The sides of the extraction benchmark: child processes of one thread each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from loadtests.bench.radiomics_extraction_cases import ExtractionCase

PEERS = Path(".venv-radiomics/bin/python")
IBSI, PYRADIOMICS = "aibox, ibsi", "aibox, pyradiomics"
BHKLAB, MIRP = "pyradiomics-bhklab", "MIRP"
SIGMAS_MM = "1.0,3.0"
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
    ),
    "1",
)


class ExtractionSide:
    """One side, alive and idle between its turns until `end`."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command,
            env=dict(os.environ) | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.facts = self._read()

    def seconds(self) -> float:
        """One extraction."""
        return float(self._ask({"do": "time"})["seconds"])

    def values(self) -> dict[str, float]:
        """Its features."""
        values: dict[str, float] = self._ask({"do": "values"})["values"]
        return values

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the side {self.name} ended; run its module by hand to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def started(case: ExtractionCase, filtered: bool) -> Iterator[list[ExtractionSide]]:
    """All sides that are installed, warmed up; MIRP on originals alone."""
    filters = SIGMAS_MM if filtered else ""
    path = str(case.path)
    ours = [sys.executable, "-m", "loadtests.bench.radiomics_extraction_ours", path]
    commands = {IBSI: [*ours, "ibsi", filters], PYRADIOMICS: [*ours, "pyradiomics", filters]}
    if PEERS.exists():
        peer = [str(PEERS), "-m", "loadtests.bench.radiomics_peer"]
        commands[BHKLAB] = [*peer[:-1], f"{peer[-1]}_bhklab", path, filters]
        if not filtered:
            commands[MIRP] = [*peer[:-1], f"{peer[-1]}_mirp", path]
    with ExitStack() as stack:
        sides = []
        for name, command in commands.items():
            side = ExtractionSide(name, command)
            stack.callback(side.end)
            sides.append(side)
        yield sides
