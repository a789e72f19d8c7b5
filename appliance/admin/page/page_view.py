"""All that the page shows, read at one moment for one caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from appliance.admin.health import Health, read_health
from appliance.admin.metrics import ReplicaCollector, forget_dead_processes
from appliance.admin.operations.operation import Operation
from appliance.admin.page.action import Action, roll_back
from appliance.admin.page.latency_reading import LatencyReading, read_latency
from appliance.admin.page.load_panel import LoadPanel, load_panel
from appliance.admin.page.recent_latency import RecentLatency
from appliance.admin.page.rollback_preview import rollback_changes
from appliance.admin.page.route_panel import PipelineBlock, route_panel
from appliance.admin.page.serving_panel import ServingPanel, serving_panel
from appliance.admin.page.version_panel import VersionRow, version_panel
from appliance.admin.parts import AdminParts
from appliance.admin.routes.replicas import list_replicas
from appliance.admin.views.comparison_view import candidates
from appliance.admin.views.job_view import JobView, job_view
from appliance.admin.views.version_view import model_views
from serving.audit.entry import AuditEntry
from serving.audit.reader import open_log
from serving.domain.access import Caller, Permission
from serving.domain.model_set import ModelSet

OPERATIONS, JOBS, AUDIT_LINES = 6, 15, 12
"""Shown at most; the API lists more."""


@dataclass(frozen=True, slots=True)
class PageView:
    """Lists that the caller may not see are None."""

    version: str
    caller: str
    role: str
    may_change: bool
    health: Health
    serving: ServingPanel
    load: LoadPanel
    operations: tuple[Operation, ...]
    versions: tuple[VersionRow, ...]
    rollback: Action | None
    pipelines: tuple[PipelineBlock, ...]
    jobs: Sequence[JobView] | None
    audit: Sequence[AuditEntry] | None


def page_view(parts: AdminParts, caller: Caller, latency: RecentLatency) -> PageView:
    """Raises CorruptModel where the committed set cannot be read, AuditUnavailable."""
    current = parts.switcher.committed
    replicas = list_replicas(parts)
    free_gb = parts.settings.jobs.intake.min_free_disk_gb
    records = parts.registry.versions.list()
    return PageView(
        version=parts.box.report.version,
        caller=caller.name,
        role=caller.role,
        may_change=Permission.VERSIONS in caller.permissions,
        health=read_health(parts.state, parts.box.report, parts.counts, free_gb),
        serving=serving_panel(current, replicas),
        load=load_panel(replicas.replicas, latency.after(_latency(parts))),
        operations=parts.operations.list(OPERATIONS),
        versions=version_panel(model_views(records, current, parts.state.root)),
        rollback=_rollback(parts, current),
        pipelines=_pipelines(parts, current),
        jobs=_jobs(parts) if Permission.JOBS in caller.permissions else None,
        audit=_audit(parts) if Permission.ADMIN in caller.permissions else None,
    )


def _latency(parts: AdminParts) -> LatencyReading:
    forget_dead_processes(parts.state)
    return read_latency(ReplicaCollector(parts.state).collect())


def _rollback(parts: AdminParts, current: ModelSet) -> Action | None:
    changes = rollback_changes(current, parts.registry.history.previous(current.generation))
    return roll_back(changes) if changes else None


def _pipelines(parts: AdminParts, current: ModelSet) -> tuple[PipelineBlock, ...]:
    candidates_of = partial(candidates, store=parts.pairs, history=parts.registry.history)
    return route_panel(current, candidates_of, parts.settings.canary.rule)


def _jobs(parts: AdminParts) -> Sequence[JobView]:
    return [job_view(job) for job in parts.jobs.list(limit=JOBS)]


def _audit(parts: AdminParts) -> Sequence[AuditEntry]:
    """Newest first."""
    with open_log(parts.audit_dir) as view:
        return view.newest(AUDIT_LINES)[::-1]
