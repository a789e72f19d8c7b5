"""One infer request of OpenVINO, with its tensors handed in and out safely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from serving.domain.tensor import Tensor, TensorSpec
from serving.engine.datatypes import to_array, to_openvino, to_tensor
from serving.engine.runtime import ov


class Runner:
    """Runs one inference at a time.

    Every inference gets fresh output tensors that OpenVINO owns: the arrays of an answer are
    views that keep them alive, so nothing is copied and the next inference cannot overwrite an
    answer still being sent. At 1 MiB that costs no more than writing into a fixed tensor, and a
    copy would add some 40 us. Tensors over numpy's memory would be cheaper to hold but dangle
    once the array is gone, which corrupts the heap at the next inference.
    """

    def __init__(self, compiled: Any, outputs: Sequence[TensorSpec]) -> None:
        self.source = compiled
        """The compiled model that it belongs to."""
        self._request = compiled.create_infer_request()
        self._outputs = [
            (spec.datatype, to_openvino(spec.datatype), tuple(max(0, n) for n in spec.shape))
            for spec in outputs
        ]
        self._names = [spec.name for spec in outputs]
        self._fresh: list[Any] = []
        self._inputs: Sequence[Tensor] = ()
        self._on_done: Callable[[], object] = _nothing
        self._request.set_callback(self._done, None)

    def prepare(self, inputs: Sequence[Tensor]) -> None:
        """Lends the inputs, in the model's order, and makes fresh outputs."""
        self._inputs = inputs  # OpenVINO keeps no reference to lent memory
        for index, tensor in enumerate(inputs):
            self._request.set_input_tensor(index, to_tensor(tensor.array, tensor.datatype))
        self._fresh = [ov.Tensor(kind, shape) for _, kind, shape in self._outputs]
        for index, tensor in enumerate(self._fresh):
            self._request.set_output_tensor(index, tensor)

    def run(self) -> None:
        """Runs in the calling thread. Raises RuntimeError as OpenVINO does."""
        self._on_done = _nothing
        self._request.infer(share_outputs=True, decode_strings=False)

    def start(self, on_done: Callable[[], object]) -> None:
        """Runs on a stream of OpenVINO's; `on_done` is called from its thread on success only.

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
        fresh, self._fresh, self._inputs = self._fresh, [], ()
        return tuple(
            Tensor(
                self._names[index],
                self._outputs[index][0],
                to_array(fresh[index], self._outputs[index][0]),
            )
            for index in wanted
        )

    def _done(self, _: object) -> None:
        self._on_done()


def _nothing() -> None:
    pass
