"""Operations: changes that were asked for, and what became of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool

from appliance.admin.names import OperationId
from appliance.admin.operations.operation import Operation
from appliance.admin.parts import Parts
from appliance.admin.prefer import Prefer, wait_s
from appliance.admin.problem import documented
from appliance.admin.routes.needs import READ

router = APIRouter(prefix="/v1/operations", tags=["operations"])


@router.get("", dependencies=READ, responses=documented(422))
def list_operations(
    parts: Parts, limit: Annotated[int, Query(ge=1, le=1000)] = 50
) -> tuple[Operation, ...]:
    """Changes that were asked for, newest first."""
    return parts.operations.list(limit)


@router.get("/{operation_id}", dependencies=READ, responses=documented(404, 422))
async def show_operation(
    parts: Parts, operation_id: OperationId, prefer: Prefer = None
) -> Operation:
    """One change; with `Prefer: wait=N` the answer comes when it has ended, or after N seconds."""
    found = await run_in_threadpool(parts.operations.get, operation_id)
    seconds = wait_s(prefer)
    if seconds and not found.state.final:
        await parts.operations.wait(operation_id, seconds)
        found = await run_in_threadpool(parts.operations.get, operation_id)
    return found
