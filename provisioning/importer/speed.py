"""Measures how fast a model is on this machine, compiled as the box would compile it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from provisioning.importer.graph import ports
from provisioning.importer.inputs import generate
from provisioning.importer.shapes import run_shapes
from serving.domain.errors import InvalidRequest
from serving.domain.provenance import Speed
from serving.domain.slices import Progress
from serving.engine.compiler import CompileOptions
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.runtime import ov
from serving.engine.settings import EngineSettings

BUDGET_S = 1.5
_LEAST_RUNS = 5
_MOST_RUNS = 200


def measure_speed(
    model: Path,
    inference_precision: str,
    report: Progress,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Speed:
    """Compiles `model` and times it on random inputs; in this very process.

    `shapes` by input name fixes what the model leaves open. Raises InvalidRequest where the model
    does not compile or run.
    """
    report(0.0, f"compiling for {inference_precision}")
    compiled = compile_for_box(model, inference_precision)
    return time_compiled(compiled, report, shapes or {})


def compile_for_box(model: Path, inference_precision: str) -> Any:
    """The model with the streams and threads of this machine's plan. Raises InvalidRequest."""
    node = make_plan(read_machine(), EngineSettings()).nodes[0]
    properties = CompileOptions.for_node(node, None).properties(inference_precision)
    try:
        return ov.Core().compile_model(model, "CPU", properties)
    except RuntimeError:
        raise InvalidRequest(
            f"OpenVINO cannot compile the model for {inference_precision} on this machine"
        ) from None


def time_compiled(compiled: Any, report: Progress, shapes: Mapping[str, tuple[int, ...]]) -> Speed:
    """Latency of one request at a time, then the rate with every stream busy."""
    specs = ports(compiled.inputs)
    chosen = run_shapes(specs, shapes, None)
    request = compiled.create_infer_request()
    request.set_input_tensors([ov.Tensor(array) for array in generate(specs, chosen)])
    streams = int(compiled.get_property("NUM_STREAMS"))
    report(0.3, "timing")
    try:
        request.infer()
        latencies_s = _latencies_s(request.infer)
        rate = _rate(compiled, request, streams) if streams > 1 else None
    except RuntimeError:
        raise InvalidRequest(
            f"the model does not run on inputs of the shapes {_text(chosen)}; "
            "name others with --shape"
        ) from None
    return Speed(
        median_ms=round(statistics.median(latencies_s) * 1000, 4),
        minimum_ms=round(min(latencies_s) * 1000, 4),
        per_second=round(rate or 1.0 / statistics.median(latencies_s), 3),
        shapes=chosen,
        cpu=_cpu_name(),
        threads=int(compiled.get_property("INFERENCE_NUM_THREADS")),
        streams=streams,
        load_average=round(os.getloadavg()[0], 2),
        openvino=ov.get_version(),
    )


def _latencies_s(infer: Callable[[], object]) -> list[float]:
    """At least five runs, then as many as fit the budget."""
    latencies: list[float] = []
    ends_s = time.perf_counter() + BUDGET_S
    while len(latencies) < _MOST_RUNS:
        started_s = time.perf_counter()
        if len(latencies) >= _LEAST_RUNS and started_s > ends_s:
            break
        infer()
        latencies.append(time.perf_counter() - started_s)
    return latencies


def _rate(compiled: Any, sample: Any, streams: int) -> float:
    """Inferences a second with as many requests under way as there are streams."""
    queue = ov.AsyncInferQueue(compiled, streams)
    for request in queue:
        request.set_input_tensors([ov.Tensor(np.array(t.data)) for t in sample.input_tensors])
    done, started_s = 0, time.perf_counter()
    while done < _LEAST_RUNS * streams or time.perf_counter() - started_s < BUDGET_S:
        queue.start_async()
        done += 1
    queue.wait_all()
    return done / (time.perf_counter() - started_s)


def _text(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())


def _cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return "unknown"
    return next((li.partition(":")[2].strip() for li in lines if li.startswith("model name")), "")
