"""What the admin API is put together of; bootstrap makes it, the routes use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from appliance.admin.job_counts import JobCounts
from appliance.admin.operations.runner import OperationRunner
from appliance.admin.orders.job_orders import JobOrders
from appliance.admin.orders.joining import Joining
from appliance.admin.orders.release_orders import ReleaseOrders
from appliance.admin.orders.route_orders import RouteOrders
from appliance.admin.orders.version_orders import VersionOrders
from appliance.box_state import BoxState
from appliance.canary.pair_store import PairStore
from appliance.registry.admission import Admission
from appliance.registry.newcomers import PipelineNeeds
from appliance.registry.registry_store import RegistryStore
from appliance.registry.switch_audit import SwitchAudit
from appliance.registry.switcher import Switcher
from appliance.settings import Settings
from appliance.state_dir import StateDir
from serving.domain.access import Gatekeeper
from serving.domain.audit import Auditor
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class AdminParts:
    """All parts, open; whoever made them closes them."""

    state: StateDir
    box: BoxState
    jobs: JobStore
    counts: JobCounts
    spool: Spool
    registry: RegistryStore
    switcher: Switcher
    admission: Admission
    auditor: Auditor
    audit_dir: Path
    gatekeeper: Gatekeeper
    settings: Settings
    repositories: Sequence[Path]
    """Folders of models: the product's, then what the box imported."""
    pipelines: Sequence[PipelineNeeds]
    pairs: PairStore
    operations: OperationRunner
    """Entered: its thread runs as long as the API is served."""

    @property
    def audit(self) -> SwitchAudit:
        return SwitchAudit(self.auditor)

    @property
    def joining(self) -> Joining:
        return Joining(self.registry.versions, self.pipelines)

    @property
    def versions(self) -> VersionOrders:
        return VersionOrders(
            store=self.registry,
            switcher=self.switcher,
            admission=self.admission,
            audit=self.audit,
            joining=self.joining,
            wanted=self.settings.registry.wanted,
            repositories=self.repositories,
            imported=self.state.models,
        )

    @property
    def releases(self) -> ReleaseOrders:
        return ReleaseOrders(self.switcher, self.joining, self.settings.registry.wanted)

    @property
    def routes(self) -> RouteOrders:
        return RouteOrders(self.switcher)

    @property
    def job_orders(self) -> JobOrders:
        return JobOrders(self.jobs, self.spool, self.settings.jobs.retention, self.audit)


async def parts_of(request: Request) -> AdminParts:
    """The parts of the app that answers."""
    found: AdminParts = request.app.state.parts
    return found


Parts = Annotated[AdminParts, Depends(parts_of)]
