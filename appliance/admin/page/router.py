"""Where the operator page is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import HTMLResponse, Response

from appliance.admin.access import require
from appliance.admin.page.page_view import page_view
from appliance.admin.page.recent_latency import RecentLatency, recent_of
from appliance.admin.page.rendering import sections, whole_page
from appliance.admin.page.static_file import static_file
from appliance.admin.parts import Parts
from appliance.admin.routes.needs import READ
from serving.domain.access import Caller, Permission

router = APIRouter(include_in_schema=False)

Viewer = Annotated[Caller, Depends(require(Permission.READ))]
Latency = Annotated[RecentLatency, Depends(recent_of)]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@router.get("/")
def page(parts: Parts, caller: Viewer, latency: Latency) -> HTMLResponse:
    """The operator page."""
    return HTMLResponse(whole_page(page_view(parts, caller, latency)), headers=_HEADERS)


@router.get("/page/sections")
def page_sections(parts: Parts, caller: Viewer, latency: Latency) -> HTMLResponse:
    """What of the page changes, for its script."""
    return HTMLResponse(sections(page_view(parts, caller, latency)), headers=_HEADERS)


@router.get("/static/{name}", dependencies=READ)
def static(name: str) -> Response:
    """Style, script and icon of the page."""
    content, media_type = static_file(name)
    return Response(content, media_type=media_type, headers=_HEADERS)
