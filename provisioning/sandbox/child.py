"""The child's side: `python -I -m provisioning.sandbox.child FD PARENT < order.json`.

It dies with its parent, goes under its limits before it looks at anything, and tells its
progress and its result on the pipe FD.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, get_type_hints

from pydantic import BaseModel

from provisioning.sandbox.limits import apply
from provisioning.sandbox.steps import STEPS
from provisioning.sandbox.wire import Line, Order, to_line
from serving.domain.errors import AiboxError, InvalidRequest
from serving.domain.slices import Progress
from serving.engine.binding import run_idle

_PR_SET_PDEATHSIG = 1  # prctl(2)
_TELEMETRY = "openvino_telemetry"


def main() -> None:
    """Does one step. Exits with 0 whenever a result or a sentence was told."""
    descriptor, parent = (int(argument) for argument in sys.argv[1:3])
    _die_with(parent)
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # see serving/engine/runtime.py
    order = Order.model_validate_json(sys.stdin.buffer.read())
    apply(order.address_space_bytes, order.file_bytes)
    if order.idle:
        run_idle()
    with os.fdopen(descriptor, "wb", buffering=0) as pipe:
        _tell(pipe, _outcome(order, pipe))


def _die_with(parent: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)


def _outcome(order: Order, pipe: BinaryIO) -> Line:
    try:
        return Line(result=_run(order, pipe).model_dump(mode="json"))
    except AiboxError as error:
        return to_line(error)
    except MemoryError:
        return to_line(InvalidRequest("the model needs more memory than an import may use"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        return to_line(InvalidRequest(f"a file of the import cannot be read or written: {why}"))
    except Exception as error:
        what = order.step.replace("_", " ")
        kind = type(error).__name__
        return to_line(InvalidRequest(f"the model cannot be used: {kind} in the step {what}"))


def _run(order: Order, pipe: BinaryIO) -> BaseModel:
    module, _, name = STEPS[order.step].partition(":")
    function: Callable[[Any, Progress], BaseModel] = getattr(import_module(module), name)
    kind: type[BaseModel] = next(iter(get_type_hints(function).values()))
    arguments = kind.model_validate(order.arguments)
    return function(arguments, lambda share, stage: _tell(pipe, Line(share=share, stage=stage)))


def _tell(pipe: BinaryIO, line: Line) -> None:
    rest = memoryview(line.model_dump_json(exclude_defaults=True).encode() + b"\n")
    while rest:
        rest = rest[pipe.write(rest) :]


if __name__ == "__main__":
    main()
