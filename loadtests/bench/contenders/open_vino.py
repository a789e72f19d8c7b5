"""OpenVINO as a contender: `python -m loadtests.bench.contenders.open_vino XML HINT INPUTS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from provisioning.quantise.execution_graph import count_kernels
from provisioning.zoo.timed_child import load_inputs, serve
from serving.engine.runtime import ov

PROFILED_RUNS = 3


def compile_options(hint: str, streams: int) -> dict[str, Any]:
    """Every CPU, and pinning off, as in the box."""
    return {
        "INFERENCE_PRECISION_HINT": hint,
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": os.cpu_count() or 1,
        "ENABLE_CPU_PINNING": False,
    }


class OpenVinoContender:
    """The IR in the shapes of the inputs: compiled once for latency and once for throughput."""

    def __init__(self, model: Path, hint: str, inputs: Path) -> None:
        self._cpus = os.cpu_count() or 1
        self._core = ov.Core()
        self._inputs = load_inputs(inputs)
        self._hint = hint
        self._model = self._core.read_model(model)
        self._model.reshape({name: array.shape for name, array in self._inputs.items()})
        self._one = self._compile(streams=1)
        self._many = self._compile(streams=self._cpus)
        self._request = self._one.create_infer_request()
        self._requests = [self._many.create_infer_request() for _ in range(self._cpus)]
        for _ in range(2):
            self.infer()
            for worker in range(self._cpus):
                self.infer_on(worker)

    def _compile(self, streams: int, **more: Any) -> Any:
        options = compile_options(self._hint, streams)
        return self._core.compile_model(self._model, "CPU", options | more)

    def facts(self) -> dict[str, Any]:
        kernels = count_kernels(self._one)
        effective = self._one.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return {
            "runtime": f"openvino {ov.__version__}",
            "threads": self._one.get_property("INFERENCE_NUM_THREADS"),
            "effective_precision": effective,
            "int8_layers": kernels.int8_layers,
            "float_layers": kernels.float_layers,
            "int8_share_of_macs": kernels.int8_share,
            "gmacs": (kernels.int8_macs + kernels.float_macs) / 1e9,
        }

    def outputs(self) -> list[np.ndarray[Any, Any]]:
        self.infer()
        ports = range(len(self._one.outputs))
        return [self._request.get_output_tensor(i).data.copy() for i in ports]

    def infer(self) -> None:
        self._request.infer(self._inputs, share_inputs=True)

    def workers(self) -> int:
        return self._cpus

    def infer_on(self, worker: int) -> None:
        self._requests[worker].infer(self._inputs, share_inputs=True)

    def profile(self) -> list[dict[str, Any]]:
        """Milliseconds of each executed layer: the least of a few runs."""
        request = self._compile(streams=1, PERF_COUNT=True).create_infer_request()
        layers: dict[str, dict[str, Any]] = {}
        for _ in range(PROFILED_RUNS + 1):
            request.infer(self._inputs, share_inputs=True)
            for info in request.get_profiling_info():
                ms = info.real_time.total_seconds() * 1e3
                known = layers.setdefault(info.node_name, _layer(info, ms))
                known["ms"] = min(known["ms"], ms)
        return sorted((one for one in layers.values() if one["ms"]), key=lambda one: -one["ms"])


def _layer(info: Any, ms: float) -> dict[str, Any]:
    return {"layer": info.node_name, "type": info.node_type, "kernel": info.exec_type, "ms": ms}


if __name__ == "__main__":
    serve(OpenVinoContender(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
