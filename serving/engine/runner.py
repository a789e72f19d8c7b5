"""One infer request of OpenVINO, with its tensors handed in and out safely."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from serving.domain.tensor import Datatype, Tensor, TensorSpec
from serving.engine.datatypes import to_array, to_openvino, to_tensor
from serving.engine.runtime import ov


class Runner:
    """Runs one inference at a time.

    Each inference gets fresh output tensors that OpenVINO owns. The arrays of an answer are
    views that keep them alive: nothing is copied, and the next inference cannot overwrite an
    answer that is still being sent. Tensors over numpy's memory would dangle once the array is
    gone and corrupt the heap at the next inference. Outputs not in `written` are copied out.
    """

    def __init__(
        self, compiled: Any, outputs: Sequence[TensorSpec], written: frozenset[int]
    ) -> None:
        """`written` are positions of outputs that OpenVINO writes into tensors it is given."""
        self.source = compiled
        """The compiled model that it belongs to."""
        self._request = compiled.create_infer_request()
        # OpenVINO's side of the binding owns the callback, where Python's collector sees no ring:
        # a bound method would keep runner, request and compiled model for ever.
        self._request.set_callback(partial(_tell, weakref.ref(self)), None)
        self.outputs = outputs
        """The outputs' specs."""
        self._written = written
        self._has_text = any(spec.datatype is Datatype.BYTES for spec in outputs)
        self._fresh: dict[int, Any] = {}
        self._inputs: Sequence[Tensor] = ()
        self._on_done: Callable[[], object] = _nothing

    def prepare(self, inputs: Sequence[Tensor]) -> None:
        """Lends the inputs, in the model's order, and makes fresh outputs."""
        self._inputs = inputs  # OpenVINO keeps no reference to lent memory
        for index, tensor in enumerate(inputs):
            self._request.set_input_tensor(index, to_tensor(tensor.array, tensor.datatype))
        for index in self._written:
            self.give(index, fresh_tensor(self.outputs[index]))

    def give(self, index: int, tensor: Any) -> None:
        """Lets the next inference write this output into a tensor of OpenVINO's."""
        self._fresh[index] = tensor
        self._request.set_output_tensor(index, tensor)

    def run_on_stream(self) -> None:
        """Runs on a stream of OpenVINO's and waits. Raises RuntimeError as OpenVINO does.

        For every thread that is not the engine's loop: OpenVINO 2026.4 keeps state with each
        thread that infers by itself, and crashes where such threads come, go or destroy models.
        """
        self._on_done = _nothing
        self._request.start_async()
        self._request.wait()

    def run(self) -> None:
        """Runs in the calling thread. Raises RuntimeError as OpenVINO does."""
        self._on_done = _nothing
        if self._has_text:  # the other way makes a copy of every text, and a warning
            self._request.start_async()
            self._request.wait()
        else:
            self._request.infer(share_outputs=True, decode_strings=False)

    def start(self, on_done: Callable[[], object]) -> None:
        """Runs on a stream of OpenVINO's; `on_done` is called from its thread on success only.

        `on_done` holds neither the runner nor the model, lest they end in that thread.

        OpenVINO's binding never calls back for a failed inference: whoever starts one must also
        ask `failed` from time to time.
        """
        self._on_done = on_done
        self._request.start_async()

    def failed(self) -> bool:
        """Whether the inference under way has ended with an error."""
        try:
            self._request.wait_for(0)
        except RuntimeError:
            return True
        return False

    def collect(self, wanted: Sequence[int]) -> tuple[Tensor, ...]:
        """The outputs at these positions; the runner lets go of them and of its inputs."""
        outputs = tuple(self._output(index) for index in wanted)
        self._fresh, self._inputs = {}, ()
        self._on_done = _nothing  # it knows the work, and with it inputs, outputs and the model
        return outputs

    def _output(self, index: int) -> Tensor:
        spec = self.outputs[index]
        fresh = self._fresh.get(index)
        if fresh is not None:
            return Tensor(spec.name, spec.datatype, to_array(fresh, spec.datatype))
        own = self._request.get_output_tensor(index)
        return Tensor(spec.name, spec.datatype, to_array(own, spec.datatype).copy())

    @property
    def on_done(self) -> Callable[[], object]:
        """What to call when the inference under way has ended well."""
        return self._on_done


def fresh_tensor(spec: TensorSpec) -> Any:
    """An empty tensor for an output; OpenVINO gives dynamic dimensions their size."""
    return ov.Tensor(to_openvino(spec.datatype), tuple(max(0, size) for size in spec.shape))


def _tell(runner: weakref.ref[Runner], _: object) -> None:
    found = runner()
    if found is None:
        return
    on_done = found.on_done
    del found  # the last reference must not be this one: OpenVINO would wait for its own thread
    on_done()


def _nothing() -> None:
    pass
