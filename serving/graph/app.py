"""Builds the graph: one model server per node, one study analyzer that calls it, cohorts."""

from __future__ import annotations

from typing import Any

from ray import serve
from ray.serve import Application

from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.graph.cohort_runner import CohortRunner
from serving.graph.model_server import ModelServer
from serving.graph.resources import BOX_RESOURCE, SLIVER
from serving.graph.study_analyzer import StudyAnalyzer
from serving.settings import ServingSettings

APP_NAME = "aibox"
COHORT_APP_NAME = "aibox_cohorts"

HEALTH_PERIOD_S = 1.0
HEALTH_TIMEOUT_S = 15.0
SHUTDOWN_TIMEOUT_S = 20.0


def build_app(settings: ServingSettings) -> Application:
    """The application, with as many model servers as the CPU plan has nodes."""
    nodes = len(make_plan(read_machine(), settings.engine).nodes)
    as_json = settings.model_dump_json()
    server = serve.deployment(ModelServer, **_options("ModelServer", nodes)).bind(as_json)
    analyzer = serve.deployment(StudyAnalyzer, **_options("StudyAnalyzer", 1))
    return analyzer.bind(as_json, server)


def build_cohort_app(settings: ServingSettings) -> Application:
    """The runner of radiomics jobs: an application of its own, as it calls no other part."""
    runner = serve.deployment(CohortRunner, **_options("CohortRunner", 1))
    return runner.bind(settings.model_dump_json())


def _options(name: str, replicas: int) -> dict[str, Any]:
    """Options of a deployment; a replica takes no logical CPU, the CPU plan decides."""
    return {
        "name": name,
        "num_replicas": replicas,
        "ray_actor_options": {"num_cpus": 0, "resources": {BOX_RESOURCE: SLIVER}},
        # Gates Serve's own calls only (stacks of slices); requests come over gRPC directly.
        "max_ongoing_requests": 64,
        "max_queued_requests": 64,
        "health_check_period_s": HEALTH_PERIOD_S,
        "health_check_timeout_s": HEALTH_TIMEOUT_S,
        "graceful_shutdown_timeout_s": SHUTDOWN_TIMEOUT_S,
    }
