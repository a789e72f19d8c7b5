"""Jobs of everybody, without what they are about."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from appliance.admin.access import require
from appliance.admin.names import JobId
from appliance.admin.parts import Parts
from appliance.admin.problem import documented
from appliance.admin.routes.needs import JOBS
from appliance.admin.views.job_view import JobView, job_view
from serving.domain.access import Caller, Permission
from serving.domain.job import JobState

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Operator = Annotated[Caller, Depends(require(Permission.JOBS))]


@router.get("", dependencies=JOBS, responses=documented(422))
def list_jobs(
    parts: Parts,
    state: Annotated[tuple[JobState, ...], Query(max_length=len(JobState))] = (),
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> tuple[JobView, ...]:
    """Jobs, newest first; `state` may be given several times, else all."""
    return tuple(job_view(job) for job in parts.jobs.list(state, limit))


@router.get("/{job_id}", dependencies=JOBS, responses=documented(404, 422))
def show_job(parts: Parts, job_id: JobId) -> JobView:
    """One job."""
    return job_view(parts.jobs.get(job_id))


@router.post("/{job_id}/cancel", responses=documented(404, 409, 422, 503))
def cancel(parts: Parts, caller: Operator, job_id: JobId) -> JobView:
    """Cancel a waiting job; ask a running one to stop."""
    return job_view(parts.job_orders.cancel(caller, job_id))


@router.post("/{job_id}/retry", responses=documented(404, 409, 422, 503))
def retry(parts: Parts, caller: Operator, job_id: JobId) -> JobView:
    """Queue what a failed job was about once more, as the job that is the answer.

    Refused once its images have left the box (`jobs.retention.failed_spool_days`).
    """
    return job_view(parts.job_orders.retry(caller, job_id))
