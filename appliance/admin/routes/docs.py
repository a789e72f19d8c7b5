"""The API's own description: for programs as OpenAPI, for people as a page."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from appliance.admin.docs_page import docs_page
from appliance.admin.routes.needs import READ

router = APIRouter(include_in_schema=False)

_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""The page needs no more than its own style."""


@router.get("/openapi.json", dependencies=READ)
def openapi(request: Request) -> dict[str, Any]:
    """OpenAPI of this API."""
    found: dict[str, Any] = request.app.openapi()
    return found


@router.get("/docs", dependencies=READ)
def docs(request: Request) -> HTMLResponse:
    """The same for people."""
    return HTMLResponse(docs_page(request.app), headers=_HEADERS)
