"""`/metrics`: the replicas' counters added up, and what the supervisor knows itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from appliance.admin.job_counts import JobCounts
from appliance.box_state import BoxState, Phase
from appliance.processes import alive
from appliance.run_files import read_nodes
from appliance.state_dir import StateDir

OWN_PREFIX = "aibox_"


def render_metrics(state: StateDir, box: BoxState, jobs: JobCounts) -> bytes:
    """The text format of Prometheus."""
    forget_dead_processes(state)
    registry = CollectorRegistry()
    registry.register(ReplicaCollector(state))
    registry.register(BoxCollector(state, box, jobs))
    return generate_latest(registry)


def forget_dead_processes(state: StateDir) -> None:
    """Drops the live gauges of processes that have ended; their counters stay counted."""
    for path in state.metrics.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not alive(int(pid)):
            mark_process_dead(int(pid), str(state.metrics))  # type: ignore[no-untyped-call]


class ReplicaCollector(Collector):
    """The counters of all processes of the box added up, without those of Ray's own processes."""

    def __init__(self, state: StateDir) -> None:
        folder = str(state.metrics)
        self._all = MultiProcessCollector(None, path=folder)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        everything: list[Metric] = self._all.collect()  # type: ignore[no-untyped-call]
        yield from (metric for metric in everything if metric.name.startswith(OWN_PREFIX))


class BoxCollector(Collector):
    """What is known without asking the replicas."""

    def __init__(self, state: StateDir, box: BoxState, jobs: JobCounts) -> None:
        self._state = state
        self._box = box
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        report = self._box.report
        phase = GaugeMetricFamily("aibox_phase", "1 for the phase the box is in.", labels=["phase"])
        for each in Phase:
            phase.add_metric([each], float(each is report.phase))
        yield phase
        restarts = CounterMetricFamily("aibox_restarts", "Times the box was started afresh.")
        restarts.add_metric([], report.restarts)
        yield restarts
        free = shutil.disk_usage(self._state.root).free
        yield GaugeMetricFamily("aibox_disk_free_bytes", "Free for the state directory.", free)
        replicas = len(read_nodes(self._state))
        yield GaugeMetricFamily("aibox_replicas", "Model servers that live.", replicas)
        yield self._job_counts()

    def _job_counts(self) -> Metric:
        family = GaugeMetricFamily("aibox_jobs", "Jobs on record.", labels=["state"])
        for state, count in (self._jobs.by_state() or {}).items():
            family.add_metric([state], count)
        return family
