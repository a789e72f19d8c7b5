"""What is said of models, on the wire."""

from __future__ import annotations

from dataclasses import replace

from inference.grpc_service_pb2 import ModelStatisticsResponse
from inference.model_config_pb2 import DataType, ModelInstanceGroup

from serving.domain.inference import DurationCount, ModelStatistics
from serving.domain.tensor import Datatype, TensorSpec
from serving.rpc.model_converters import (
    CONFIG_DATATYPE,
    add_statistics,
    config_to_wire,
    index_to_wire,
    metadata_to_wire,
    statistics_to_wire,
)
from tests.unit.rpc.numpy_backend import status

HU = TensorSpec("hu", Datatype.INT16, (-1, 1, 256, 256))
PROBABILITY = TensorSpec("p", Datatype.FP32, (-1, 1, 256, 256))
NET = replace(status("net", 3, (HU,), (PROBABILITY,)), streams=4, digest="ab" * 32)


def counted(name: str, version: int, factor: int) -> ModelStatistics:
    return ModelStatistics(
        name,
        version,
        inference_count=8 * factor,
        execution_count=2 * factor,
        last_inference_ms=1000 * factor,
        success=DurationCount(1 * factor, 11 * factor),
        fail=DurationCount(2 * factor, 12 * factor),
        queue=DurationCount(3 * factor, 13 * factor),
        compute_input=DurationCount(4 * factor, 14 * factor),
        compute_infer=DurationCount(5 * factor, 15 * factor),
        compute_output=DurationCount(6 * factor, 16 * factor),
    )


def test_statistics_of_one_replica() -> None:
    entry = statistics_to_wire([counted("m", 2, 1)]).model_stats[0]
    stats = entry.inference_stats
    assert (entry.name, entry.version, entry.last_inference) == ("m", "2", 1000)
    assert (entry.inference_count, entry.execution_count) == (8, 2)
    assert (stats.success.count, stats.success.ns) == (1, 11)
    assert (stats.compute_output.count, stats.compute_output.ns) == (6, 16)


def test_statistics_add_up_by_model_and_version() -> None:
    total = statistics_to_wire([counted("m", 1, 1), counted("m", 2, 1)])
    add_statistics(total, statistics_to_wire([counted("m", 2, 10), counted("n", 1, 1)]))
    expected = statistics_to_wire([counted("m", 1, 1), counted("m", 2, 11), counted("n", 1, 1)])
    expected.model_stats[1].last_inference = 10_000
    assert total == expected


def test_adding_nothing_changes_nothing() -> None:
    total = statistics_to_wire([counted("m", 1, 1)])
    add_statistics(total, ModelStatisticsResponse())
    assert total == statistics_to_wire([counted("m", 1, 1)])


def test_every_datatype_has_a_name_in_the_configuration() -> None:
    assert set(CONFIG_DATATYPE) == set(Datatype)
    assert len(set(CONFIG_DATATYPE.values())) == len(Datatype)
    assert CONFIG_DATATYPE[Datatype.BYTES] == DataType.TYPE_STRING
    assert CONFIG_DATATYPE[Datatype.BF16] == DataType.TYPE_BF16


def test_configuration_says_how_it_was_compiled() -> None:
    config = config_to_wire(NET, [1, 3])
    assert list(config.version_policy.specific.versions) == [1, 3]
    assert (config.instance_group[0].count, config.instance_group[0].kind) == (
        4,
        ModelInstanceGroup.KIND_CPU,
    )
    assert config.max_batch_size == 0
    assert list(config.input[0].dims) == [-1, 1, 256, 256]
    assert config.parameters["digest"].string_value == "ab" * 32


def test_metadata() -> None:
    metadata = metadata_to_wire(NET, [1, 3])
    assert list(metadata.versions) == ["1", "3"]
    assert (metadata.inputs[0].name, metadata.inputs[0].datatype) == ("hu", "INT16")
    assert list(metadata.outputs[0].shape) == [-1, 1, 256, 256]


def test_the_index_can_leave_out_what_is_not_ready() -> None:
    statuses = [NET, replace(NET, version=4, ready=False)]
    states = [model.state for model in index_to_wire(statuses, only_ready=False).models]
    assert states == ["READY", "UNAVAILABLE"]
    assert [m.version for m in index_to_wire(statuses, only_ready=True).models] == ["3"]
