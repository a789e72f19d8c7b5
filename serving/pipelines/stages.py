"""The stages of one study: progress over all of them, and the time of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from serving.domain.slices import Progress

SHARES = {"reading": 0.15, "lungs": 0.15, "lesions": 0.5, "measuring": 0.08, "writing": 0.12}
"""About the shares of a study's time."""


@dataclass(slots=True)
class Stages:
    """Reports progress over all stages and times each; they follow one another in order."""

    progress: Progress
    timings_s: dict[str, float] = field(default_factory=dict)
    _before: float = 0.0

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """One of `SHARES`; gives the progress within it."""
        before, share = self._before, SHARES[name]
        self.progress(before, name)
        start = time.monotonic()

        def within(done: float, _detail: str) -> None:
            self.progress(before + share * min(max(done, 0.0), 1.0), name)

        yield within
        self.timings_s[name] = time.monotonic() - start
        self._before = before + share
