"""What a model was compiled into: one form for shapes of any kind, others for fixed ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from serving.domain.tensor import Tensor, TensorSpec
from serving.engine.datatypes import to_spec
from serving.engine.runner import Runner

Shapes = tuple[tuple[int, ...], ...]
"""The shape of each input, in the model's order."""


def shapes_of(inputs: Sequence[Tensor]) -> Shapes:
    """The shapes of these inputs."""
    return tuple(tensor.array.shape for tensor in inputs)


class Form:
    """A compiled model of OpenVINO's and its runners, as many as are lent at a time.

    Every runner lives as long as its form: OpenVINO 2026.4 may abort the process ("pure virtual
    method called") when a request of a dynamic model runs after another that had run on the same
    stream was destroyed.
    """

    def __init__(self, compiled: Any, outputs: Sequence[TensorSpec]) -> None:
        self.compiled = compiled
        self.written: frozenset[int] = frozenset()
        """Outputs that OpenVINO writes into tensors it is given, of runners made from now on."""
        self.lent = 0
        # Of this form's own shapes: one of fixed shapes knows the size of its outputs.
        ports = zip(outputs, compiled.outputs, strict=True)
        self._outputs = tuple(to_spec(port, (spec.name,)) for spec, port in ports)
        self._made: list[Runner] = []
        self._idle: list[Runner] = []

    def runner(self) -> Runner:
        """One more."""
        runner = Runner(self.compiled, self._outputs, self.written)
        self._made.append(runner)
        return runner

    def lend(self) -> Runner:
        """A runner of one's own until it is given back."""
        self.lent += 1
        return self._idle.pop() if self._idle else self.runner()

    def give_back(self, runner: Runner) -> None:
        """Takes a runner back."""
        self.lent -= 1
        self._idle.append(runner)

    def release(self) -> None:
        """Lets go of the memory between layers; the next inference takes it again."""
        self.compiled.release_memory()


class Forms:
    """All forms of a model; thread-safe.

    A graph of fixed shapes is planned once: joining maps takes about half the time of a graph of
    any shape (Nested U-Net and HRNet in INT8: a seventh less in all). Each form has memory for all
    that lies between its layers, up to 0.4 GB for a large network in FP32, so that only the form
    used last keeps it.
    """

    def __init__(self, open_form: Form, fixed: Mapping[Shapes, Form]) -> None:
        """`open_form` takes what none of `fixed` is for."""
        self.open = open_form
        self._fixed = dict(fixed)
        self._current = open_form
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Form]:
        yield self.open
        yield from self._fixed.values()

    def form_for(self, inputs: Sequence[Tensor]) -> Form:
        """The form that inputs of these shapes run on."""
        return self._fixed.get(shapes_of(inputs), self.open)

    def with_samples(
        self, samples: Sequence[Sequence[Tensor]]
    ) -> Iterator[tuple[Form, Sequence[Tensor]]]:
        """Each form with a sample that it takes; of those given, the open form takes any."""
        yield self.open, samples[0]
        for sample in samples:
            if (form := self.form_for(sample)) is not self.open:
                yield form, sample

    def lend(self, inputs: Sequence[Tensor]) -> Runner:
        """A runner for inputs of these shapes."""
        form = self.form_for(inputs)
        with self._lock:
            if form is not self._current:
                before, self._current = self._current, form
                if not before.lent:
                    before.release()
            return form.lend()

    def give_back(self, runner: Runner) -> None:
        """Takes a runner back, unless its model was compiled anew meanwhile."""
        form = next((form for form in self if form.compiled is runner.source), None)
        if form is None:
            return
        with self._lock:
            form.give_back(runner)
            if form is not self._current and not form.lent:
                form.release()
