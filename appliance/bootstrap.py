"""The one place where the parts of the box are put together."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from appliance.admin.app import build_app
from appliance.admin.job_counts import JobCounts
from appliance.admin.operations.runner import OperationRunner
from appliance.admin.operations.store import OperationStore
from appliance.admin.parts import AdminParts
from appliance.admin.passed_on import PassedOnGate
from appliance.admin.server import AdminServer
from appliance.admin.tls import admin_context
from appliance.box_config import BoxConfig, repositories, serving_settings
from appliance.box_state import BoxReport, BoxState
from appliance.canary.collector import TwinCollector
from appliance.canary.pair_store import PairStore
from appliance.canary.watch import CanaryWatch
from appliance.certificate_check import check_certificates
from appliance.driver_process import driver_command
from appliance.ports import listen, listen_unix, require_free
from appliance.registry.admission import Reached, unwatched
from appliance.registry_parts import RegistryParts, build_registry
from appliance.state_dir import StateDir
from appliance.supervisor import Supervisor
from serving.access.token_gate import TokenGate
from serving.jobs.results import ResultStore
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.settings import ServingSettings


@dataclass(frozen=True, slots=True)
class Box:
    """A box ready to run: its supervisor, and what works beside it."""

    supervisor: Supervisor
    operations: OperationRunner
    servers: tuple[AdminServer, ...]
    watch: CanaryWatch

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The admin API answers, operations are done and canaries followed."""
        stop = threading.Event()
        watch = threading.Thread(target=self.watch.run, args=(stop,), name="canary", daemon=True)
        with ExitStack() as stack:
            stack.enter_context(self.operations)
            for server in self.servers:
                stack.enter_context(server)
            watch.start()
            stack.callback(stop.set)
            yield


def build_box(config: BoxConfig, reached: Reached = unwatched) -> Box:
    """Puts the box together; the caller holds the lock of the prepared state directory.

    The admin port is taken here and kept, the gRPC port is checked before every start of the
    driver. `reached` is told of every step of a switch. Raises AddressTaken, and InvalidRequest
    for certificates that cannot be used.
    """
    check_certificates(config.settings)
    sockets = [listen(config.settings.admin.host, config.settings.admin.port)]
    try:
        sockets.append(listen_unix(config.state.admin_socket))
        return _build(config, sockets, reached)
    except BaseException:
        for each in sockets:
            each.close()
        raise


def _build(config: BoxConfig, sockets: list[socket.socket], reached: Reached) -> Box:
    state, told = config.state, serving_settings(config)
    _write_settings(state, told)
    registry = build_registry(config, reached)
    box = BoxState(state.supervisor, BoxReport.new(config.grpc_address, config.admin_address))
    host, port = config.settings.grpc.host, config.settings.grpc.port
    supervisor = Supervisor(state, box, driver_command(state), lambda: require_free(host, port))
    parts = _admin_parts(config, told, registry, box)
    return Box(supervisor, parts.operations, _servers(config, parts, sockets), _watch(parts, told))


def _admin_parts(
    config: BoxConfig, told: ServingSettings, registry: RegistryParts, box: BoxState
) -> AdminParts:
    jobs = JobStore(told.jobs_db)
    return AdminParts(
        state=config.state,
        box=box,
        jobs=jobs,
        counts=JobCounts(jobs.counts),
        spool=Spool(told.spool_dir, told.jobs.intake),
        registry=registry.store,
        switcher=registry.switcher,
        admission=registry.admission,
        auditor=registry.auditor,
        audit_dir=told.audit_dir,
        gatekeeper=TokenGate(told.tokens_file, required=told.access.required),
        settings=config.settings,
        repositories=repositories(config),
        pipelines=registry.pipelines,
        pairs=PairStore(told.jobs_db),
        operations=OperationRunner(OperationStore(registry.store.database), registry.stage),
    )


def _servers(
    config: BoxConfig, parts: AdminParts, sockets: list[socket.socket]
) -> tuple[AdminServer, ...]:
    """On the network, and on the box's own socket, where replicas pass their callers on."""
    network, local = sockets
    tls = config.settings.admin.tls
    own = replace(parts, gatekeeper=PassedOnGate(parts.gatekeeper))
    return (
        AdminServer(build_app(parts), network, admin_context(tls) if tls else None),
        AdminServer(build_app(own), local),
    )


def _watch(parts: AdminParts, told: ServingSettings) -> CanaryWatch:
    settings = parts.settings.canary
    collector = TwinCollector(
        parts.jobs, parts.spool, ResultStore(told.results_dir), parts.pairs, settings.compare
    )
    return CanaryWatch(
        collector,
        parts.pairs,
        parts.registry.history,
        parts.switcher,
        parts.auditor,
        settings,
        parts.settings.registry.wanted,
    )


def _write_settings(state: StateDir, settings: ServingSettings) -> None:
    state.settings.touch(mode=0o600)
    state.settings.chmod(0o600)
    state.settings.write_text(settings.model_dump_json(), "utf-8")
