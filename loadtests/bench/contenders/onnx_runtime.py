"""onnxruntime as a contender: `python -m loadtests.bench.contenders.onnx_runtime MODEL INPUTS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from provisioning.zoo.timed_child import load_inputs, serve


class OnnxRuntimeContender:
    """Default session options; one session with all threads, one with one thread for workers."""

    def __init__(self, model: Path, inputs: Path) -> None:
        self._cpus = os.cpu_count() or 1
        self._inputs = load_inputs(inputs)
        self._wide = self._session(model, self._cpus)
        self._narrow = self._session(model, 1)
        for _ in range(2):
            self.infer()
            self.infer_on(0)

    def _session(self, model: Path, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )

    def facts(self) -> dict[str, Any]:
        return {"runtime": f"onnxruntime {onnxruntime.__version__}", "threads": self._cpus}

    def outputs(self) -> list[np.ndarray[Any, Any]]:
        return list(self._wide.run(None, self._inputs))

    def infer(self) -> None:
        self._wide.run(None, self._inputs)

    def workers(self) -> int:
        return self._cpus

    def infer_on(self, worker: int) -> None:
        self._narrow.run(None, self._inputs)

    def profile(self) -> list[dict[str, Any]]:
        return []


if __name__ == "__main__":
    serve(OnnxRuntimeContender(Path(sys.argv[1]), Path(sys.argv[2])))
