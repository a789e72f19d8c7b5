"""Batches of slices through their networks, while a thread prepares and settles the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.domain.slices import Progress, SliceModel
from serving.pipelines.model_field import Float32
from serving.pipelines.panel import Batch
from serving.pipelines.resampler import Int16, Resampler
from serving.pipelines.window import Window


@dataclass(frozen=True, slots=True)
class Answer:
    """One network's probabilities of one plane, on a window of its grid."""

    network: int
    resampler: Resampler
    window: Window
    probabilities: Float32


Settle = Callable[[int, Sequence[Answer]], None]
"""Told a plane and the answers of all networks, in their order; called from one thread."""


class SliceRun:
    """One pass of a study's slices through all networks.

    `hu` holds canonical slices (slices, rows, columns). While a network computes, one thread
    resamples the next batch and hands complete planes to `settle`. At most one batch is ahead
    and one behind, so memory does not grow with the study.
    """

    def __init__(self, models: Sequence[SliceModel], hu: NDArray[np.int16], settle: Settle) -> None:
        self._models = models
        self._hu = hu
        self._settle = settle
        self._waiting: dict[int, list[Answer]] = {}
        self.inference_s = 0.0
        """Wall seconds during which a network was asked."""

    def run(self, batches: Sequence[Batch], progress: Progress) -> None:
        """Asks every network for every batch; returns when the last plane is settled.

        Raises what models, `settle` and `progress` raise; nothing runs on after that.
        """
        meter = _Meter(progress, sum(b.pixels * len(b.panel.networks) for b in batches))
        with ThreadPoolExecutor(1, thread_name_prefix="slices") as beside:
            try:
                self._pass(batches, meter, beside)
            finally:
                beside.shutdown(wait=True, cancel_futures=True)

    def _pass(self, batches: Sequence[Batch], meter: _Meter, beside: ThreadPoolExecutor) -> None:
        following = [beside.submit(self._prepare, batch) for batch in batches[:1]]
        settling: list[Future[None]] = []
        for number, batch in enumerate(batches):
            slices = following.pop().result()
            following += [beside.submit(self._prepare, b) for b in batches[number + 1 : number + 2]]
            answers = [self._ask(network, batch, slices, meter) for network in batch.panel.networks]
            while settling:
                settling.pop().result()
            settling.append(beside.submit(self._collect, batch, answers))
        while settling:
            settling.pop().result()

    def _prepare(self, batch: Batch) -> Int16:
        slices = np.empty((len(batch.planes), *batch.windows[0].shape), dtype=np.int16)
        for index, (plane, window) in enumerate(zip(batch.planes, batch.windows, strict=True)):
            slices[index] = batch.panel.resampler.to_model(self._hu[plane], window)
        return slices

    def _ask(self, network: int, batch: Batch, slices: Int16, meter: _Meter) -> Float32:
        start = time.monotonic()
        try:
            return self._models[network].predict(slices, meter.part(batch.pixels))
        finally:
            self.inference_s += time.monotonic() - start

    def _collect(self, batch: Batch, answers: Sequence[Float32]) -> None:
        for index, (plane, window) in enumerate(zip(batch.planes, batch.windows, strict=True)):
            waiting = self._waiting.setdefault(plane, [])
            waiting += [
                Answer(network, batch.panel.resampler, window, answer[index])
                for network, answer in zip(batch.panel.networks, answers, strict=True)
            ]
            if len(waiting) == len(self._models):
                self._settle(plane, sorted(self._waiting.pop(plane), key=lambda a: a.network))


class _Meter:
    """Shares of one work that is done in parts, each part with a progress of its own."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def part(self, size: int) -> Progress:
        """Progress within the next part."""
        before = self._done
        self._done += size

        def within(share: float, stage: str) -> None:
            self._progress((before + size * min(max(share, 0.0), 1.0)) / self._total, stage)

        return within
