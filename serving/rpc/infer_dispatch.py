"""One inference from request bytes to answer bytes: here, or at a sibling with less to do."""

from __future__ import annotations

import time

from serving.domain.errors import AiboxError
from serving.domain.inference import InferenceBackend
from serving.domain.lane import Lane
from serving.domain.observer import InferenceObserver
from serving.rpc.byte_budget import ByteBudget
from serving.rpc.call_facts import CURRENT_CALL
from serving.rpc.inference_converters import request_from_wire, response_to_wire
from serving.rpc.siblings import SiblingGone, Siblings
from serving.rpc.wire import Part, decode_request, wrap_stream

MODEL_INFER = "/inference.GRPCInferenceService/ModelInfer"


class InferDispatch:
    """Answers single inferences; `siblings` is None where this replica is alone."""

    def __init__(
        self,
        backend: InferenceBackend,
        budget: ByteBudget,
        observer: InferenceObserver,
        siblings: Siblings | None = None,
    ) -> None:
        self._backend = backend
        self._budget = budget
        self._observer = observer
        self._siblings = siblings

    async def answer(
        self, data: bytes, deadline_s: float | None, *, stream: bool = False
    ) -> list[Part]:
        """The pieces of the serialised answer to one serialised ModelInferRequest.

        `deadline_s`, on the clock of `time.monotonic()`, is the call's own. The decision to
        forward is taken before anything is parsed. Raises AiboxError and SiblingStatus.
        """
        with self._budget.hold(len(data)):
            if self._siblings is None:
                return await self._local(data, deadline_s, stream)
            forwarded = await self._forwarded(self._siblings, data, deadline_s)
            if forwarded is not None:
                return wrap_stream([forwarded]) if stream else [forwarded]
            self._siblings.publish(extra=1)
            try:
                return await self._local(data, deadline_s, stream)
            finally:
                self._siblings.publish()

    async def _forwarded(
        self, siblings: Siblings, data: bytes, deadline_s: float | None
    ) -> bytes | None:
        """A sibling's answer, or None where the request is to be answered here."""
        if CURRENT_CALL.get().hopped:
            return None
        node = siblings.shorter_than(self._backend.queue_length())
        if node is None:
            return None
        timeout_s = None if deadline_s is None else max(deadline_s - time.monotonic(), 0.0)
        try:
            return await siblings.forward(node, MODEL_INFER, data, timeout_s)
        except SiblingGone:
            return None

    async def _local(self, data: bytes, deadline_s: float | None, stream: bool) -> list[Part]:
        try:
            wire = decode_request(data)
            request = request_from_wire(
                wire,
                now_s=time.monotonic(),
                deadline_s=deadline_s,
                request_id=CURRENT_CALL.get().request_id,
            )
        except AiboxError as error:
            self._observer.refused(Lane.ROUTINE, "", type(error).__name__)
            raise
        response = await self._backend.infer(request)
        return response_to_wire(response, wire.header, stream=stream)
