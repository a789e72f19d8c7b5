"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from appliance.admin.parts import Parts
from appliance.admin.problem import documented
from appliance.admin.routes.needs import ADMIN
from serving.audit.entry import AuditEntry
from serving.audit.reader import open_log

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("", dependencies=ADMIN, responses=documented(422, 503))
def newest(parts: Parts, last: Annotated[int, Query(ge=1, le=1000)] = 50) -> list[AuditEntry]:
    """The newest lines, oldest first. Whether the log is whole, `aibox audit verify` says."""
    with open_log(parts.audit_dir) as view:
        return view.newest(last)
