"""All live replicas of the box as one, over their Unix sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from aibox.v1 import control_pb2 as pb
from aibox.v1 import control_pb2_grpc

from appliance.client.status import domain_errors
from appliance.errors import BoxUnreachable
from serving.domain.errors import AiboxError, ModelNotReady
from serving.domain.model_set import ModelSet

PREPARE_TIMEOUT_S = 900.0
"""Loading takes what it takes; a trial has shown before that it ends."""
ACTIVATE_TIMEOUT_S = 60.0
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)

Call = Callable[[Any], pb.SetState]


class LocalReplicas:
    """A ReplicaGroup over `run/node-<n>.sock`; `nodes` names the nodes whose replica lives."""

    def __init__(self, run_dir: Path, nodes: Callable[[], Sequence[int]]) -> None:
        self._run_dir = run_dir
        self._nodes = nodes

    def prepare(self, model_set: ModelSet) -> None:
        """Every replica holds the set, warm and tested, beside what it serves.

        One replica after the other: each loses a few inferences' time to what it loads, and the
        rest take its requests meanwhile. Raises ModelNotReady where no replica lives, and the
        first refusal; those before it are then prepared already.
        """
        request = pb.PrepareRequest(model_set_json=model_set.model_dump_json())
        nodes = sorted(self._nodes())
        if not nodes:
            raise ModelNotReady("no replica serves yet; try again when `aibox status` shows one")
        for node in nodes:
            self._one(node, lambda stub: stub.Prepare(request, timeout=PREPARE_TIMEOUT_S))

    def activate(self, generation: int) -> None:
        """Every replica serves the committed set. Raises AiboxError where one could not."""
        request = pb.ActivateRequest(generation=generation)
        self._each(lambda stub: stub.Activate(request, timeout=ACTIVATE_TIMEOUT_S))

    def discard(self, generation: int) -> None:
        """No replica holds on to a prepared set. Raises AiboxError where one could not be told."""
        request = pb.DiscardRequest(generation=generation)
        self._each(lambda stub: stub.Discard(request, timeout=ACTIVATE_TIMEOUT_S))

    def generations(self) -> tuple[int, ...]:
        """What each replica serves now, by node."""
        states = self._each(lambda stub: stub.State(pb.StateRequest(), timeout=ACTIVATE_TIMEOUT_S))
        return tuple(state.generation for state in states)

    def _each(self, call: Call) -> list[pb.SetState]:
        """The call to all at once: answers by node, or the first error once all have ended."""
        nodes = sorted(self._nodes())
        if not nodes:
            return []
        with ThreadPoolExecutor(len(nodes)) as pool:
            calls = [pool.submit(self._one, node, call) for node in nodes]
        errors = [error for each in calls if isinstance(error := each.exception(), AiboxError)]
        if errors:
            raise errors[0]
        return [each.result() for each in calls]

    def _one(self, node: int, call: Call) -> pb.SetState:
        try:
            with self._stub(node) as stub, domain_errors(f"node {node}"):
                return call(stub)
        except BoxUnreachable:
            raise ModelNotReady(
                f"the replica of node {node} went away; it is started again: try again then"
            ) from None

    @contextmanager
    def _stub(self, node: int) -> Iterator[Any]:
        socket = self._run_dir / f"node-{node}.sock"
        with grpc.insecure_channel(f"unix:{socket}", options=_OPTIONS) as channel:
            yield control_pb2_grpc.ControlServiceStub(channel)  # type: ignore[no-untyped-call]
