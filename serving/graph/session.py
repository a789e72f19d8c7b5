"""The Ray driver: starts Ray on loopback, deploys the graph, waits, and takes all down again."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import ray
from ray import serve
from ray.serve import Application
from ray.serve.schema import LoggingConfig

from serving.domain.errors import AiboxError
from serving.graph.app import APP_NAME, BOX_RESOURCE, build_app
from serving.graph.environment import forget_old_sessions, make_private, ray_temp_dir
from serving.graph.loopback import LOOPBACK
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
        app = build_app(settings)
        run_graph(settings, app, stop)
    except AiboxError as error:
        failed = {"kind": type(error).__name__, "message": error.message}
        publish(settings.run_dir / "failed.json", json.dumps(failed))
        raise SystemExit(1) from None


def run_graph(settings: ServingSettings, app: Application, stop: threading.Event) -> None:
    """Starts Ray, deploys the graph, reports `run/ready.json`, waits, takes all down."""
    started_at = time.time()
    start_ray(settings)
    try:
        deploy(app)
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
        resources={BOX_RESOURCE: 1.0},
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
        log_to_driver=False,
        namespace=APP_NAME,
        _temp_dir=str(temp_dir),
        _node_ip_address=LOOPBACK,
    )


def deploy(app: Application) -> None:
    """Deploys the graph without Serve's proxies; returns when every replica is up."""
    quiet = LoggingConfig(enable_access_log=False, log_level="WARNING")
    serve.start(proxy_location="Disabled", logging_config=quiet)
    serve.run(app, name=APP_NAME, route_prefix=None, logging_config=quiet)


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
