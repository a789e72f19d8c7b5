"""The CPU plan on machines large and small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.domain.errors import InvalidRequest
from serving.engine.machine import Machine, MachineNode
from serving.engine.plan import make_plan
from serving.engine.settings import EngineSettings, NodeSettings


def machine(nodes: int, cores: int, quota: float | None = None, threads: int = 1) -> Machine:
    """Nodes of cores; with `threads` 2, CPU n + all cores is the hyperthread of CPU n."""
    total = nodes * cores
    groups = tuple(tuple(core + total * t for t in range(threads)) for core in range(total))
    return Machine(
        nodes=tuple(
            MachineNode(n, tuple(sorted(c for g in groups[n * cores : (n + 1) * cores] for c in g)))
            for n in range(nodes)
        ),
        cores=groups,
        quota_cpus=quota,
        online_cpus=total * threads,
    )


def shape(plan_machine: Machine, **settings: object) -> list[tuple[int, int, int]]:
    """(inference CPUs, streams, threads a stream) of each node."""
    plan = make_plan(plan_machine, EngineSettings.model_validate(settings))
    return [(len(n.inference_cpus), n.streams, n.threads_per_stream) for n in plan.nodes]


def test_two_cores_are_one_stream_of_both() -> None:
    assert shape(machine(1, 2)) == [(2, 1, 2)]


def test_a_dual_socket_server_keeps_a_core_in_eight_back() -> None:
    plan = make_plan(machine(2, 32), EngineSettings())
    assert [(n.numa_node, n.streams, n.threads_per_stream) for n in plan.nodes] == [
        (0, 7, 4),
        (1, 7, 4),
    ]
    assert plan.nodes[1].cpus == tuple(range(32, 64))
    assert plan.nodes[1].inference_cpus == tuple(range(32, 60))
    assert plan.batch_cpus == tuple(range(64))


def test_hyperthreads_are_bound_and_not_counted() -> None:
    (node,) = make_plan(machine(1, 4, threads=2), EngineSettings()).nodes
    assert node.inference_cpus == tuple(range(8))
    assert node.streams * node.threads_per_stream == 4


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        (8, [(4, 1, 4), (4, 1, 4)]),
        (4.0, [(4, 1, 2), (4, 1, 2)]),
        (3.9, [(4, 1, 1), (4, 1, 1)]),
        (1.5, [(4, 1, 1)]),
        (0.5, [(4, 1, 1)]),
    ],
)
def test_the_quota_caps_threads_and_then_nodes(
    quota: float, expected: list[tuple[int, int, int]]
) -> None:
    assert shape(machine(2, 4, quota)) == expected


def test_two_nodes_of_one_cpu_each_on_a_two_core_machine() -> None:
    settings = EngineSettings(nodes=(NodeSettings(cpus=(0,)), NodeSettings(cpus=(1,))))
    plan = make_plan(machine(1, 2), settings)
    assert [(n.index, n.cpus, n.streams, n.threads_per_stream) for n in plan.nodes] == [
        (0, (0,), 1, 1),
        (1, (1,), 1, 1),
    ]
    assert "settings" in plan.reason


def test_settings_choose_streams_and_threads() -> None:
    assert shape(machine(1, 8), streams=2, threads_per_stream=3, reserved_cpus=0) == [(8, 2, 3)]
    assert shape(machine(1, 8), streams=2, reserved_cpus=2) == [(6, 2, 3)]
    assert shape(machine(1, 8), threads_per_stream=2, reserved_cpus=2) == [(6, 3, 2)]


def test_batch_cpus_are_taken_from_inference() -> None:
    plan = make_plan(machine(1, 4), EngineSettings(batch_cpus=(3,)))
    assert plan.batch_cpus == (3,)
    assert plan.nodes[0].inference_cpus == (0, 1, 2)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"streams": 2, "threads_per_stream": 2}, "2 streams of 2 threads"),
        ({"reserved_cpus": 2}, "leave at least one"),
        ({"nodes": [{"cpus": [0]}, {"cpus": [0, 1]}]}, "more than one node"),
        ({"nodes": [{"cpus": [5]}]}, r"\[5\].*may use \[0, 1\]"),
        ({"nodes": []}, "at least one node"),
        ({"batch_cpus": [0, 1]}, "no CPU to inference"),
        ({"nodes": [{"cpus": [0, 1]}], "batch_cpus": [1]}, "batch"),
    ],
)
def test_settings_that_cannot_be_met_say_why(settings: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        make_plan(machine(1, 2), EngineSettings.model_validate(settings))


@given(
    st.integers(1, 4),
    st.integers(1, 64),
    st.none() | st.floats(0.1, 300),
    st.sampled_from([1, 2]),
)
def test_no_plan_promises_more_than_there_is(
    nodes: int, cores: int, quota: float | None, threads: int
) -> None:
    source = machine(nodes, cores, quota, threads)
    plan = make_plan(source, EngineSettings())
    used = [n.streams * n.threads_per_stream for n in plan.nodes]
    for node, count in zip(plan.nodes, used, strict=True):
        assert 1 <= count <= source.core_count(node.inference_cpus)
        assert set(node.inference_cpus) <= set(node.cpus)
    if quota is not None:
        assert sum(used) <= max(1, quota)
