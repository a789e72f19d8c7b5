"""What is said of models: metadata, configuration, statistics, index, from domain to wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from inference.grpc_service_pb2 import (
    InferStatistics,
    ModelMetadataResponse,
    ModelStatisticsResponse,
    RepositoryIndexResponse,
    RepositoryModelLoadRequest,
    RepositoryModelUnloadRequest,
    StatisticDuration,
)
from inference.grpc_service_pb2 import ModelStatistics as WireStatistics
from inference.model_config_pb2 import (
    DataType,
    ModelConfig,
    ModelInstanceGroup,
    ModelParameter,
    ModelVersionPolicy,
)

from serving.domain.errors import InvalidRequest
from serving.domain.inference import DurationCount, ModelStatistics, ModelStatus
from serving.domain.repository import RepositoryEntry
from serving.domain.tensor import Datatype, TensorSpec

PLATFORM = "openvino"

CONFIG_DATATYPE = MappingProxyType(
    {
        datatype: DataType.Value(
            "TYPE_STRING" if datatype is Datatype.BYTES else f"TYPE_{datatype.value}"
        )
        for datatype in Datatype
    }
)
_UNLOAD_DEPENDENTS = "unload_dependents"
"""tritonclient always sends it with an unload; no model here has dependents of its own."""
_DURATIONS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")


def metadata_to_wire(status: ModelStatus, versions: Iterable[int]) -> ModelMetadataResponse:
    """Names, datatypes and shapes of one version, and all versions served under its name."""
    return ModelMetadataResponse(
        name=status.name,
        versions=[str(version) for version in versions],
        platform=PLATFORM,
        inputs=[_tensor_metadata(spec) for spec in status.inputs],
        outputs=[_tensor_metadata(spec) for spec in status.outputs],
    )


def _tensor_metadata(spec: TensorSpec) -> ModelMetadataResponse.TensorMetadata:
    return ModelMetadataResponse.TensorMetadata(
        name=spec.name, datatype=spec.datatype, shape=spec.shape
    )


def config_to_wire(status: ModelStatus, versions: Iterable[int]) -> ModelConfig:
    """The version as it was really compiled; `max_batch_size` 0: shapes hold every dimension."""
    config = ModelConfig(
        name=status.name,
        platform=PLATFORM,
        backend=PLATFORM,
        version_policy=ModelVersionPolicy(
            specific=ModelVersionPolicy.Specific(versions=list(versions))
        ),
        instance_group=[
            ModelInstanceGroup(
                name=status.name, count=status.streams, kind=ModelInstanceGroup.KIND_CPU
            )
        ],
    )
    for spec in status.inputs:
        config.input.add(name=spec.name, data_type=CONFIG_DATATYPE[spec.datatype], dims=spec.shape)
    for spec in status.outputs:
        config.output.add(name=spec.name, data_type=CONFIG_DATATYPE[spec.datatype], dims=spec.shape)
    for name, value in _facts(status).items():
        config.parameters[name].CopyFrom(ModelParameter(string_value=value))
    return config


def _facts(status: ModelStatus) -> dict[str, str]:
    return {
        "version": str(status.version),
        "digest": status.digest,
        "precision": status.precision,
        "effective_precision": status.effective_precision,
        "streams": str(status.streams),
        "threads": str(status.threads),
        "loaded_from_cache": str(status.loaded_from_cache).lower(),
    }


def index_to_wire(statuses: Sequence[ModelStatus], *, only_ready: bool) -> RepositoryIndexResponse:
    """Every served version with its state, READY or UNAVAILABLE."""
    response = RepositoryIndexResponse()
    for status in statuses:
        if status.ready or not only_ready:
            response.models.add(
                name=status.name,
                version=str(status.version),
                state="READY" if status.ready else "UNAVAILABLE",
                reason="" if status.ready else "not ready yet",
            )
    return response


def entries_to_wire(
    entries: Sequence[RepositoryEntry], *, only_ready: bool
) -> RepositoryIndexResponse:
    """The versions of a repository, served or not."""
    response = RepositoryIndexResponse()
    for entry in entries:
        if entry.ready or not only_ready:
            state = "READY" if entry.ready else "UNAVAILABLE"
            response.models.add(
                name=entry.name, version=str(entry.version), state=state, reason=entry.reason
            )
    return response


def model_to_change(
    request: RepositoryModelLoadRequest | RepositoryModelUnloadRequest,
) -> str:
    """The model of a request to load or unload.

    Raises InvalidRequest where it brings a configuration or files of its own: the box serves what
    was imported and verified, and nothing else.
    """
    if not request.model_name:
        raise InvalidRequest("model_name is empty; name the model to load or unload")
    if brought := sorted(request.parameters.keys() - {_UNLOAD_DEPENDENTS}):
        raise InvalidRequest(
            f"the parameter {brought[0][:40]!r} is not taken; import a model with "
            "`aibox models import`, then load it by name"
        )
    return request.model_name


def statistics_to_wire(statistics: Sequence[ModelStatistics]) -> ModelStatisticsResponse:
    """Counters of one replica."""
    return ModelStatisticsResponse(model_stats=[_statistics(entry) for entry in statistics])


def _statistics(entry: ModelStatistics) -> WireStatistics:
    durations = {name: _duration(getattr(entry, name)) for name in _DURATIONS}
    return WireStatistics(
        name=entry.name,
        version=str(entry.version),
        last_inference=entry.last_inference_ms,
        inference_count=entry.inference_count,
        execution_count=entry.execution_count,
        inference_stats=InferStatistics(**durations),
    )


def _duration(counter: DurationCount) -> StatisticDuration:
    return StatisticDuration(count=counter.count, ns=counter.ns)


def add_statistics(total: ModelStatisticsResponse, sibling: ModelStatisticsResponse) -> None:
    """Adds a sibling replica's counters to `total`, by model and version."""
    known = {(entry.name, entry.version): entry for entry in total.model_stats}
    for other in sibling.model_stats:
        mine = known.get((other.name, other.version))
        if mine is None:
            total.model_stats.append(other)
            continue
        mine.last_inference = max(mine.last_inference, other.last_inference)
        mine.inference_count += other.inference_count
        mine.execution_count += other.execution_count
        for name in _DURATIONS:
            sum_, part = getattr(mine.inference_stats, name), getattr(other.inference_stats, name)
            sum_.count += part.count
            sum_.ns += part.ns
