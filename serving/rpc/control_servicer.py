"""`aibox.v1.ControlService`: the box's own calls to a replica, over its Unix socket alone."""

from __future__ import annotations

import grpc
from aibox.v1 import control_pb2 as pb
from aibox.v1 import control_pb2_grpc
from pydantic import ValidationError

from serving.domain.errors import InvalidRequest
from serving.domain.model_set import ModelSet
from serving.domain.set_holder import SetHolder
from serving.rpc.interceptors import Context
from serving.rpc.server import Service

SERVICE_NAME = "aibox.v1.ControlService"


class ControlServicer(control_pb2_grpc.ControlServiceServicer):
    """Thin over the replica's set; the access guard lets nobody in but over the Unix socket."""

    def __init__(self, holder: SetHolder) -> None:
        self._holder = holder

    async def Prepare(self, request: pb.PrepareRequest, context: Context) -> pb.SetState:  # noqa: N802
        """Raises InvalidRequest for what is no set."""
        try:
            model_set = ModelSet.model_validate_json(request.model_set_json)
        except ValidationError:
            raise InvalidRequest("the message holds no valid model set") from None
        await self._holder.prepare(model_set)
        return self._state()

    async def Activate(self, request: pb.ActivateRequest, context: Context) -> pb.SetState:  # noqa: N802
        """The committed set serves when this returns."""
        await self._holder.activate(request.generation)
        return self._state()

    async def Discard(self, request: pb.DiscardRequest, context: Context) -> pb.SetState:  # noqa: N802
        """Nothing of the prepared set is left when this returns."""
        await self._holder.discard(request.generation)
        return self._state()

    async def State(self, request: pb.StateRequest, context: Context) -> pb.SetState:  # noqa: N802
        """What serves and what is ready."""
        return self._state()

    def _state(self) -> pb.SetState:
        state = self._holder.state()
        return pb.SetState(generation=state.generation, prepared=state.prepared, node=state.node)


def control_service(holder: SetHolder) -> Service:
    """The service, ready to be added to a server."""
    servicer = ControlServicer(holder)

    def register(server: grpc.aio.Server) -> None:
        add = control_pb2_grpc.add_ControlServiceServicer_to_server
        add(servicer, server)  # type: ignore[no-untyped-call]

    return Service(SERVICE_NAME, register)
