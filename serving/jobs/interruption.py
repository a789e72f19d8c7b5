"""Reasons for which a running attempt ends early; raised through the pipeline by `progress`."""

from __future__ import annotations


class Interruption(Exception):
    """Base of the reasons."""


class CancelWanted(Interruption):
    """The client asked the job to stop."""


class LeaseLost(Interruption):
    """The job is somebody else's by now."""


class ReleaseMoved(Interruption):
    """The job's release has left the box, and the job now runs another: it begins again."""


class WorkerStopping(Interruption):
    """The worker is told to end; the job goes back to the queue."""
