"""The way back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.parts import Parts

router = APIRouter(prefix="/v1/rollback", tags=["sets"])


@router.post("", **changes())
async def rollback(parts: Parts, asked: Asked) -> Response:
    """Put labels and routes back to where they were before their last change.

    What served then is still loaded, so this takes a moment. A second rollback undoes the first.
    """
    return await asked.answer("models.rollback", "-", lambda: parts.versions.rollback(asked.caller))
