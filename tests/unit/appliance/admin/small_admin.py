"""The admin API over a registry of a few small versions, with replicas in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from appliance.admin.app import build_app
from appliance.admin.job_counts import JobCounts
from appliance.admin.operations.runner import OperationRunner
from appliance.admin.operations.store import OperationStore
from appliance.admin.parts import AdminParts
from appliance.box_state import BoxReport, BoxState
from appliance.canary.pair_store import PairStore
from appliance.registry.admission import Admission
from appliance.registry.stage import Stage
from appliance.settings import Settings
from appliance.state_dir import StateDir
from serving.access.token_file import TokenFile
from serving.access.token_gate import TokenGate
from serving.audit.log import AuditLog
from serving.domain.access import Role
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from tests.unit.appliance.registry.small_box import CHEST, EVERY_VERSION, SmallBox
from tests.unit.appliance.registry.tiny_versions import write_version

LOOPBACK = "http://127.0.0.1:8002"
WAIT = {"prefer": "wait=30"}


class SmallAdmin:
    """Serving hrnet 1 and unet 1; unet 2 and lonely 1 were imported since. Enter it."""

    def __init__(self, root: Path, *, tokens_required: bool = False) -> None:
        self.state = StateDir(root / "state")
        self.state.prepare()
        self.box = SmallBox(root)
        for name in ("hrnet", "unet"):
            write_version(self.box.product, name)
        self.box.boot()
        write_version(self.box.models, "unet", 2)
        write_version(self.box.models, "lonely", 1)
        self.box.restart()
        self.box.audit.events.clear()
        self.stage = Stage()
        self.runner = OperationRunner(OperationStore(self.box.store.database), self.stage)
        self.tokens = TokenFile(self.state.root / "tokens.json")
        self.gate = TokenGate(
            self.state.root / "tokens.json", required=tokens_required, recheck_s=0.0
        )
        self.parts = self._parts()
        self.app: FastAPI = build_app(self.parts)
        self.http = TestClient(self.app, base_url=LOOPBACK)

    def _parts(self) -> AdminParts:
        jobs = JobStore(self.box.database_path)
        intake = IntakeSettings(min_free_disk_gb=0.0)
        AuditLog(self.state.root / "audit")
        return AdminParts(
            state=self.state,
            box=BoxState(self.state.supervisor, BoxReport.new("127.0.0.1:1", "127.0.0.1:2")),
            jobs=jobs,
            counts=JobCounts(jobs.counts),
            spool=Spool(self.state.root / "spool", intake),
            registry=self.box.store,
            switcher=self.box.switcher(),
            admission=Admission(self.box.store.versions, self.box.trial),
            auditor=self.box.audit,
            audit_dir=self.state.root / "audit",
            gatekeeper=self.gate,
            settings=Settings(jobs=JobSettings(intake=intake), registry=EVERY_VERSION),
            repositories=(self.box.product, self.box.models),
            pipelines=(CHEST,),
            pairs=PairStore(self.box.database_path),
            operations=self.runner,
        )

    def __enter__(self) -> SmallAdmin:
        self.runner.__enter__()
        return self

    def __exit__(self, *_error: object) -> None:
        self.runner.__exit__(None, None, None)

    def token(self, role: Role) -> dict[str, str]:
        """Headers of a new caller of that role."""
        return {"authorization": f"Bearer {self.tokens.issue(role.value, role).secret}"}

    def change(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Asks for a change, waits for its end, and returns the finished operation."""
        answer = self.http.request(method, path, json=body, headers={**WAIT, **headers})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Status, kind and sentence of a change that does not happen."""
        answer = self.http.request(method, path, json=body, headers=WAIT)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        return answer.status_code, problem["type"].rpartition(":")[2], problem["detail"]
