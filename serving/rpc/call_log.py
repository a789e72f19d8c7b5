"""One line in the log for each call: method, status, duration, request id; nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from pathlib import PurePath

import grpc
import structlog

from serving.rpc.status_table import SiblingStatus, status_of

LONG_CALL_S = 1.0
_FRAMES = 4


class CallLog:
    """Writes the lines. Exceptions appear by type and place in the code, never by their text."""

    def __init__(self, *, log_calls: bool) -> None:
        self._log_calls = log_calls
        self._logger = logging.getLogger(__name__)
        self._structured = structlog.stdlib.get_logger(__name__)

    def finished(self, method: str, request_id: str, started_s: float) -> None:
        """A call that ended well; `started_s` is on the clock of `time.perf_counter()`."""
        duration_s = time.perf_counter() - started_s
        wanted = self._log_calls or duration_s > LONG_CALL_S
        if wanted and self._logger.isEnabledFor(logging.INFO):
            self._line(logging.INFO, method, "OK", request_id, duration_s)

    def failed(
        self, method: str, request_id: str, started_s: float, error: BaseException
    ) -> tuple[grpc.StatusCode, str]:
        """A call that failed; returns the status and text for the caller."""
        duration_s = time.perf_counter() - started_s
        if isinstance(error, asyncio.CancelledError):
            self._line(logging.INFO, method, "CANCELLED", request_id, duration_s)
            return grpc.StatusCode.CANCELLED, "the call was cancelled"
        code, text = status_of(error, request_id)
        kind = "SiblingStatus" if isinstance(error, SiblingStatus) else type(error).__name__
        if code is grpc.StatusCode.INTERNAL:
            self._line(
                logging.ERROR, method, code.name, request_id, duration_s, kind, _places(error)
            )
        else:
            self._line(logging.INFO, method, code.name, request_id, duration_s, kind)
        return code, text

    def ended(
        self, method: str, request_id: str, started_s: float, code: grpc.StatusCode | int
    ) -> None:
        """A call that its servicer ended itself, with a status of its own."""
        status = code.name if isinstance(code, grpc.StatusCode) else str(code)
        self._line(logging.INFO, method, status, request_id, time.perf_counter() - started_s)

    def _line(
        self,
        level: int,
        method: str,
        status: str,
        request_id: str,
        duration_s: float,
        error: str | None = None,
        places: list[str] | None = None,
    ) -> None:
        facts: dict[str, object] = {
            "method": method,
            "status": status,
            "duration_ms": round(duration_s * 1e3, 3),
            "request_id": request_id,
        }
        if error is not None:
            facts["error_kind"] = error
        if places is not None:
            facts["error_at"] = " > ".join(places)
        self._structured.log(level, "call", **facts)


def _places(error: BaseException) -> list[str]:
    """The innermost frames as `folder/file.py:line function`, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [
        f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
        for frame in frames
    ]
