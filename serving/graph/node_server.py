"""The gRPC server of one node: inference, studies, jobs, health, on the shared port."""

from __future__ import annotations

import asyncio
from functools import partial

from serving.access.token_gate import TokenGate
from serving.audit.log import AuditLog
from serving.audit.study_key import KEY_NAME, StudyHasher
from serving.dicom.inspector import DicomInspector
from serving.domain.cpu_plan import CpuPlan, NodePlan
from serving.domain.set_holder import SetHolder
from serving.engine.engine import InferenceEngine
from serving.graph.admin_repository import AdminRepository
from serving.graph.analysis_host import build_pipelines
from serving.graph.metrics import PrometheusObserver
from serving.jobs.intake import JobIntake
from serving.jobs.model_set_file import ModelSetFile
from serving.jobs.radiomics_intake import CohortIntake
from serving.jobs.results import ResultStore
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.radiomics.job.model_names import taken_names
from serving.radiomics.job.request_check import RadiomicsCheck
from serving.rpc.control_servicer import control_service
from serving.rpc.inference_service import inference_service
from serving.rpc.job_servicer import JobServicer, job_service
from serving.rpc.queue_board import QueueBoard
from serving.rpc.radiomics_servicer import RadiomicsServicer, radiomics_service
from serving.rpc.readiness import Readiness
from serving.rpc.server import BoxServer, Service, build_server
from serving.rpc.siblings import Siblings
from serving.rpc.study_servicer import StudyServicer, study_service
from serving.settings import ServingSettings


class NodeServer:
    """Wires engine, jobs and siblings behind one `grpc.aio` server; build it inside the loop."""

    def __init__(
        self,
        settings: ServingSettings,
        plan: CpuPlan,
        node: NodePlan,
        engine: InferenceEngine,
        holder: SetHolder,
    ) -> None:
        sockets = [settings.run_dir / f"node-{n.index}.sock" for n in plan.nodes]
        self._board = QueueBoard(settings.run_dir / "queues.board", len(plan.nodes))
        self._siblings = Siblings(
            self._board,
            node.index,
            node.slots,
            sockets,
            engine.queue_length,
            interactive=engine.interactive_load,
            margin=settings.grpc.forward_margin,
        )
        own_socket = sockets[node.index]
        own_socket.unlink(missing_ok=True)
        self._store = JobStore(settings.jobs_db)
        self._readiness = Readiness()
        services = [
            self._inference(settings, plan, engine),
            *self._jobs(settings),
            control_service(holder),
        ]
        self._server: BoxServer = build_server(
            settings.grpc,
            services,
            self._readiness,
            node_socket=own_socket,
            gatekeeper=TokenGate(settings.tokens_file, required=settings.access.required),
        )

    @property
    def address(self) -> str:
        """host:port as bound."""
        return self._server.address

    def publish_load(self) -> None:
        """Shows siblings, and who holds batch work, how busy this replica is."""
        self._siblings.publish()

    async def start(self) -> None:
        """Takes calls from now on."""
        await self._siblings.start()
        await self._server.start()
        await self._server.set_serving(True)

    async def set_serving(self, serving: bool) -> None:
        """What health says."""
        if serving != self._readiness.serving:
            await self._server.set_serving(serving)

    async def stop(self) -> None:
        """Ends the calls in flight within the grace of the settings."""
        await self._siblings.leave()
        await self._server.stop()
        await self._siblings.close()
        await asyncio.to_thread(self._store.close)

    def _inference(
        self, settings: ServingSettings, plan: CpuPlan, engine: InferenceEngine
    ) -> Service:
        return inference_service(
            engine,
            settings.grpc,
            self._readiness,
            box_version=settings.box_version,
            observer=PrometheusObserver(),
            siblings=self._siblings if len(plan.nodes) > 1 else None,
            repository=AdminRepository(settings.admin_socket),
        )

    def _jobs(self, settings: ServingSettings) -> list[Service]:
        spool = Spool(settings.spool_dir, settings.jobs.intake)
        infos = {p.info.name: p.info for p in build_pipelines(settings)}
        inspector = DicomInspector(settings.dicom)
        auditor = AuditLog(settings.audit_dir, settings.audit)
        hasher = StudyHasher(settings.audit_dir / KEY_NAME)
        sets = ModelSetFile(settings.model_set_file)
        intake = JobIntake(
            self._store, spool, inspector, infos, settings.jobs.intake, sets, hasher.hash
        )
        files = ResultStore(settings.results_dir)
        cohorts = CohortIntake(
            self._store,
            spool,
            files,
            RadiomicsCheck(settings.radiomics, partial(taken_names, settings.engine.repositories)),
            settings.jobs.intake,
            settings.box_version,
        )
        return [
            study_service(StudyServicer(intake)),
            radiomics_service(RadiomicsServicer(cohorts)),
            job_service(JobServicer(self._store, files, auditor)),
        ]
