"""Is the box well? For monitors and for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from appliance.admin.health import Health, read_health
from appliance.admin.metrics import render_metrics
from appliance.admin.parts import Parts
from appliance.admin.routes.needs import READ

UNAVAILABLE = 503

router = APIRouter(tags=["health"])


@router.get("/healthz", responses={UNAVAILABLE: {"model": Health}})
def healthz(parts: Parts, response: Response) -> Health:
    """200 while the box serves, 503 while it starts, recovers or stops."""
    free_gb = parts.settings.jobs.intake.min_free_disk_gb
    health = read_health(parts.state, parts.box.report, parts.counts, free_gb)
    if not health.serving:
        response.status_code = UNAVAILABLE
    return health


@router.get(
    "/metrics",
    dependencies=READ,
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(parts: Parts) -> Response:
    """Prometheus text format."""
    found = render_metrics(parts.state, parts.box, parts.counts)
    return Response(found, media_type=CONTENT_TYPE_LATEST)
