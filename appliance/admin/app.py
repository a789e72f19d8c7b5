"""The routes of the admin API."""

from __future__ import annotations

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from appliance.admin.health import Health, read_health
from appliance.admin.job_counts import JobCounts
from appliance.admin.metrics import render_metrics
from appliance.box_state import BoxState
from appliance.state_dir import StateDir
from appliance.version import box_version

UNAVAILABLE = 503


def build_app(state: StateDir, box: BoxState, jobs: JobCounts, min_free_disk_gb: float) -> FastAPI:
    """The admin API of one box."""
    app = FastAPI(title="aibox admin", version=box_version(), redoc_url=None)

    @app.get("/healthz", responses={UNAVAILABLE: {"model": Health}})
    def healthz(response: Response) -> Health:
        """200 while the box serves, 503 while it starts, recovers or stops."""
        health = read_health(state, box.report, jobs, min_free_disk_gb)
        if not health.serving:
            response.status_code = UNAVAILABLE
        return health

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Prometheus text format."""
        return Response(render_metrics(state, box, jobs), media_type=CONTENT_TYPE_LATEST)

    return app
