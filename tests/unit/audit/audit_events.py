"""Events and writers for the tests of the audit log; importable by the processes they start."""

from __future__ import annotations

import sys
from pathlib import Path

from serving.audit.log import AuditLog
from serving.audit.reader import Line, open_log
from serving.audit.settings import AuditSettings
from serving.domain.audit import AuditEvent, Outcome

KIB = 1 / 1024
"""MiB, as the setting counts."""


def event(subject: str = "unet@2", detail: str = "") -> AuditEvent:
    return AuditEvent(
        actor="vendor one",
        role="vendor",
        action="model.promote",
        subject=subject,
        outcome=Outcome.DONE,
        detail=detail,
    )


def append_many(folder: Path, writer: int, count: int) -> None:
    """What one of several processes does; small files, so that they race to set them aside."""
    log = AuditLog(folder, AuditSettings(segment_max_mb=8 * KIB))
    for number in range(count):
        log.record(event(f"writer {writer} event {number}"))


def append_until_killed(folder: Path) -> None:
    """Says after each line that it is safe."""
    log = AuditLog(folder, AuditSettings(segment_max_mb=4 * KIB))
    number = 0
    while True:
        log.record(event(f"event {number}"))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


def lines_of(folder: Path) -> list[Line]:
    with open_log(folder) as view:
        return list(view.lines())
