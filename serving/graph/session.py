"""The Ray driver: starts Ray on loopback, deploys the graph, waits, and takes all down again."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import ray
from ray import serve
from ray.serve import Application, RunTarget
from ray.serve.schema import LoggingConfig

from serving.domain.errors import AiboxError
from serving.graph.app import APP_NAME, COHORT_APP_NAME, build_app, build_cohort_app
from serving.graph.cohort_host import pool_limits
from serving.graph.environment import forget_old_sessions, make_private, ray_temp_dir
from serving.graph.resources import BATCH_RESOURCE, BOX_RESOURCE
from serving.graph.run_file import publish
from serving.logs import configure_logging
from serving.settings import ServingSettings

log = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 128 * 2**20
"""No call carries a tensor; Ray only needs room for its own messages."""


def main(settings_path: Path) -> None:
    """Runs until SIGTERM or SIGINT; says in `run/failed.json` why it cannot start."""
    settings = ServingSettings.model_validate_json(settings_path.read_text("utf-8"))
    configure_logging(settings.state_dir, "driver", settings.log)
    stop = _stop_event()
    try:
        apps = {APP_NAME: build_app(settings), COHORT_APP_NAME: build_cohort_app(settings)}
        run_graph(settings, apps, stop)
    except AiboxError as error:
        failed = {"kind": type(error).__name__, "message": error.message}
        publish(settings.run_dir / "failed.json", json.dumps(failed))
        raise SystemExit(1) from None


def run_graph(
    settings: ServingSettings, apps: Mapping[str, Application], stop: threading.Event
) -> None:
    """Starts Ray, deploys the graph, reports `run/ready.json`, waits, takes all down."""
    started_at = time.time()
    start_ray(settings)
    publish(settings.run_dir / "ray.json", json.dumps({"join_address": _join_address(settings)}))
    try:
        deploy(apps)
        log.info("graph deployed")
        publish(settings.run_dir / "ready.json", json.dumps(_ready(started_at)))
        stop.wait()
    finally:
        serve.shutdown()
        ray.shutdown()


def start_ray(settings: ServingSettings) -> None:
    """Starts a Ray of our own; logical CPUs count for nothing, the CPU plan is the authority."""
    temp_dir = make_private(ray_temp_dir(settings.state_dir))
    forget_old_sessions(temp_dir)
    ray.init(
        num_cpus=4,
        resources={BOX_RESOURCE: 1.0, BATCH_RESOURCE: float(pool_limits(settings).cores)},
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        namespace=APP_NAME,
        _temp_dir=str(temp_dir),
        _node_ip_address=settings.ray.address,
    )


def deploy(apps: Mapping[str, Application]) -> None:
    """Deploys applications by name without Serve's proxies; returns when every replica is up."""
    quiet = LoggingConfig(enable_access_log=False, log_level="WARNING")
    serve.start(proxy_location="Disabled", logging_config=quiet)
    serve.run_many(
        [
            RunTarget(app, name, route_prefix=None, logging_config=quiet)
            for name, app in apps.items()
        ]
    )


def _join_address(settings: ServingSettings) -> str:
    """Where another machine finds Ray's head; empty while Ray stays on loopback."""
    return ray.get_runtime_context().gcs_address if settings.ray.listen else ""


def _stop_event() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _ready(started_at: float) -> dict[str, float]:
    names = {child.name(): child.pid for child in psutil.Process().children(recursive=True)}
    return {
        "driver_pid": os.getpid(),
        "raylet_pid": names["raylet"],
        "gcs_pid": names["gcs_server"],
        "started_at": started_at,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
