"""The six ways to run a network that are set against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.contenders.process import ContenderProcess
from loadtests.bench.zoo_models import ZooModel

STOCK, TUNED, ONNX = "torch eager", "torch eager, tuned", "onnxruntime"
FP32, BF16, INT8 = "OpenVINO FP32", "OpenVINO BF16", "OpenVINO INT8"
SIDES = (STOCK, TUNED, ONNX, FP32, BF16, INT8)

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}
"""glibc keeps freed memory: eager torch frees and takes hundreds of megabytes an inference."""

_TORCH = "provisioning.zoo.bench_contender"
_VARIANTS = {FP32: "fp32", BF16: "bf16", INT8: "int8"}


@dataclass(frozen=True, slots=True)
class Side:
    """A name and how to start it."""

    name: str
    command: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)


def sides_of(model: ZooModel, inputs: Path) -> list[Side]:
    """All sides of a network, each given the inputs in the same file."""
    torch = (_TORCH, model.name, str(model.seed), str(inputs))
    onnx = ("loadtests.bench.contenders.onnx_runtime", str(model.onnx), str(inputs))
    return [
        Side(STOCK, torch),
        Side(TUNED, (*torch, "--channels-last"), ALLOCATOR),
        Side(ONNX, onnx),
        *(_openvino(name, model, inputs) for name in _VARIANTS),
    ]


def _openvino(name: str, model: ZooModel, inputs: Path) -> Side:
    path, hint = model.variant(_VARIANTS[name])
    module = "loadtests.bench.contenders.open_vino"
    return Side(name, (module, str(path), hint, str(inputs)))


@contextmanager
def started(sides: Sequence[Side]) -> Iterator[list[ContenderProcess]]:
    """Every side loaded and warmed up, one after another; all live until the context ends."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                ContenderProcess(side.name, side.command, side.settings)
            ).wait_ready()
            for side in sides
        ]
