"""Logs as JSON lines in the state directory, without patient data.

Free text is where patient data hides, so little of it passes. Records of our own packages keep
their message and those text fields whose names are listed below; records of any other library,
whose messages may quote DICOM values, keep only where they come from; exceptions keep their type
and location and lose their text. Numbers always pass.
"""

from __future__ import annotations

import fcntl
import logging
import sys
import threading
from collections.abc import MutableMapping
from io import FileIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

OWN_PACKAGES = frozenset({"serving", "appliance", "provisioning", "__main__"})
TEXT_FIELDS = frozenset(
    {
        "address",
        "component",
        "error_at",
        "error_kind",
        "event",
        "job_id",
        "lane",
        "level",
        "logger",
        "method",
        "model",
        "phase",
        "pipeline",
        "precision",
        "process",
        "request_id",
        "stage",
        "state",
        "status",
        "timestamp",
        "where",
    }
)
"""Names of fields whose text the box makes itself."""

WITHHELD = "[withheld]"
LONGEST_TEXT = 300
_ERROR_FRAMES = 8
_META = frozenset({"_record", "_from_structlog"})
"""structlog's own, taken out by a later processor."""

Event = MutableMapping[str, Any]


class LogSettings(BaseModel):
    """How much is logged and kept; `max_mb` and `backups` hold for each process's own file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["debug", "info", "warning", "error"] = "info"
    max_mb: float = Field(default=10.0, gt=0)
    backups: int = Field(default=4, ge=0)


class OwnFileHandler(RotatingFileHandler):
    """Rotates a file that no other process writes: `<component>.jsonl`, `<component>-1.jsonl`."""

    def __init__(self, folder: Path, component: str, settings: LogSettings) -> None:
        number = 0
        while (lock := _try_lock(folder / f".{_name(component, number)}.lock")) is None:
            number += 1
        self._lock_file = lock
        super().__init__(
            folder / f"{_name(component, number)}.jsonl",
            maxBytes=int(settings.max_mb * 2**20),
            backupCount=settings.backups,
            encoding="utf-8",
        )

    def close(self) -> None:
        super().close()
        self._lock_file.close()


def configure_logging(
    state_dir: Path, component: str, settings: LogSettings | None = None
) -> logging.Handler:
    """Sends every log record of this process to `<state_dir>/logs/<component>*.jsonl`.

    Python's warnings and errors that nobody caught go there as well, never to stderr, where their
    text would show. `component` is a word such as `driver`. Returns the handler, for tests.
    """
    chosen = settings or LogSettings()
    folder = state_dir / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = OwnFileHandler(folder, component, chosen)
    handler.setFormatter(_formatter(component))
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, OwnFileHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(chosen.level.upper())
    logging.captureWarnings(True)
    _configure_structlog()
    _catch_the_uncaught()
    return handler


def without_free_text(_logger: Any, _method: str, event: Event) -> Event:
    """Withholds every text whose field is not listed, and whatever is neither text nor number.

    Fields that begin with an underscore are other libraries' own (Ray adds some) and go.
    """
    kept = {key: value for key, value in event.items() if key in _META or key[0] != "_"}
    return {key: _safe(key, value) for key, value in kept.items()}


def without_library_text(_logger: Any, _method: str, event: Event) -> Event:
    """Replaces the message of a foreign library's record by where the record was made."""
    record = event.get("_record")
    if record is None or record.name.partition(".")[0] in OWN_PACKAGES:
        return event
    return {
        "event": "library message",
        "where": f"{record.name}:{record.module}:{record.lineno}",
        "exc_info": event.get("exc_info"),
        "_record": record,
        "_from_structlog": False,
    }


def error_location(_logger: Any, _method: str, event: Event) -> Event:
    """Turns `exc_info` into the error's type and the places it came through."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error_kind"] = type(error).__name__
        event["error_at"] = " > ".join(_frames(error.__traceback__)[-_ERROR_FRAMES:])
    return event


def _safe(key: str, value: Any) -> Any:
    if key in _META or value is None or isinstance(value, bool | int | float):
        return value
    if key in TEXT_FIELDS and isinstance(value, str):
        return value if key == "error_at" else value[:LONGEST_TEXT]
    return WITHHELD


def _frames(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        found.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found


def _formatter(component: str) -> logging.Formatter:
    def named(_logger: Any, _method: str, event: Event) -> Event:
        return {**event, "component": component}

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        without_library_text,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            named,
            error_location,
            without_free_text,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def _configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _catch_the_uncaught() -> None:
    log = logging.getLogger("serving.logs")

    def uncaught(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        log.error("an error that nobody caught", exc_info=(kind, error, trace))

    def uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def unraisable(args: Any) -> None:
        if args.exc_value is not None:
            uncaught(type(args.exc_value), args.exc_value, args.exc_traceback)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    sys.unraisablehook = unraisable


def _name(component: str, number: int) -> str:
    return f"{component}-{number}" if number else component


def _try_lock(path: Path) -> FileIO | None:
    file = FileIO(path, "a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
