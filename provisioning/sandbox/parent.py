"""The parent's side: starts a step in a child, follows it, and ends it whatever happens."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from provisioning.sandbox.limits import Limits
from provisioning.sandbox.wire import Line, Order, to_error
from serving.domain.errors import DeadlineExceeded, InvalidRequest
from serving.domain.slices import Progress

R = TypeVar("R", bound=BaseModel)

_HEARTBEAT_S = 0.5
_MOST_LINE_BYTES = 64 * 1024**2
_CHUNK = 65536


def run_step(
    step: str, arguments: BaseModel, result: type[R], limits: Limits, report: Progress
) -> R:
    """Runs a named step in a process of its own and returns its result.

    `report` is also called while the child is silent, so that what it raises cancels soon. The
    child and all in its group have ended, and its temporary folder is gone, when this returns or
    raises. Raises the step's own domain error, DeadlineExceeded past `limits.wall_s`, and
    InvalidRequest where the child crashed.
    """
    order = Order(
        step=step,
        arguments=arguments.model_dump(mode="json"),
        address_space_bytes=limits.address_space_bytes,
        file_bytes=limits.file_bytes,
        idle=limits.idle,
    )
    with _private_folder() as folder, _child(order, folder) as (child, pipe):
        last = _follow(step, pipe, limits.wall_s, report)
        if last is None:
            raise _crashed(step, child)
    if last.error is not None:
        raise to_error(last)
    try:
        return result.model_validate(last.result)
    except ValidationError:
        raise InvalidRequest(f"the step {step} gave no valid result") from None


@contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="aibox-step-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _child(order: Order, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    read_end, write_end = os.pipe()
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP", "HOME"), str(folder))}
    command = [sys.executable, "-I", "-m", "provisioning.sandbox.child", f"{write_end}"]
    try:
        child = subprocess.Popen(
            [*command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            pass_fds=(write_end,),
            start_new_session=True,
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    try:
        _send(child, order)
        yield child, read_end
    finally:
        _end(child)
        os.close(read_end)


def _send(child: subprocess.Popen[bytes], order: Order) -> None:
    assert child.stdin is not None, "the child was started with a pipe"
    with suppress(BrokenPipeError), child.stdin as stream:
        stream.write(order.model_dump_json().encode())


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kills the child's whole group; an ended child is reaped last, so its number stays ours."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _follow(step: str, pipe: int, wall_s: float, report: Progress) -> Line | None:
    """The child's last line, or None where it ended without one."""
    deadline_s = time.monotonic() + wall_s
    told = Line(share=0.0, stage=step.replace("_", " "))
    pending = b""
    while True:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise DeadlineExceeded(
                f"the step {step} was ended after {wall_s:g} seconds; the model may be too large"
            )
        if not select.select([pipe], [], [], min(left_s, _HEARTBEAT_S))[0]:
            report(told.share or 0.0, told.stage)
            continue
        chunk = os.read(pipe, _CHUNK)
        pending += chunk
        if not chunk or len(pending) > _MOST_LINE_BYTES:
            return None
        *lines, pending = pending.split(b"\n")
        for text in lines:
            line = Line.model_validate_json(text)
            if line.share is None:
                return line
            told = line
            report(line.share, line.stage)


def _crashed(step: str, child: subprocess.Popen[bytes]) -> InvalidRequest:
    with suppress(subprocess.TimeoutExpired):
        child.wait(_HEARTBEAT_S * 10)
    code = child.returncode
    if code == -signal.SIGKILL:
        how = "was killed, most likely for the memory that it took"
    elif code is not None and code < 0:
        how = f"crashed ({signal.Signals(-code).name})"
    else:
        how = "ended without a result"
    return InvalidRequest(f"the step {step} {how}; this model cannot be used")
