"""The one table of what each RPC of each service asks of its caller."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from serving.domain.access import Permission

_INFERENCE = "/inference.GRPCInferenceService/"
_STUDIES = "/aibox.v1.StudyService/"
_JOBS = "/aibox.v1.JobService/"
_RADIOMICS = "/aibox.v1.RadiomicsService/"
_HEALTH = "/grpc.health.v1.Health/"
_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/"

INTERNAL_SERVICES = ("/aibox.v1.ControlService/",)
"""Services for the box's own processes: whatever their methods, only a Unix socket reaches them."""

PERMISSION_BY_METHOD: Mapping[str, Permission] = MappingProxyType(
    {
        _HEALTH + "Check": Permission.OPEN,
        _HEALTH + "Watch": Permission.OPEN,
        _REFLECTION + "ServerReflectionInfo": Permission.READ,
        _INFERENCE + "ServerLive": Permission.READ,
        _INFERENCE + "ServerReady": Permission.READ,
        _INFERENCE + "ModelReady": Permission.READ,
        _INFERENCE + "ServerMetadata": Permission.READ,
        _INFERENCE + "ModelMetadata": Permission.READ,
        _INFERENCE + "ModelConfig": Permission.READ,
        _INFERENCE + "ModelStatistics": Permission.READ,
        _INFERENCE + "RepositoryIndex": Permission.READ,
        _INFERENCE + "RepositoryModelLoad": Permission.VERSIONS,
        _INFERENCE + "RepositoryModelUnload": Permission.VERSIONS,
        _INFERENCE + "ModelInfer": Permission.ANALYZE,
        _INFERENCE + "ModelStreamInfer": Permission.ANALYZE,
        _STUDIES + "Analyze": Permission.ANALYZE,
        _JOBS + "Get": Permission.ANALYZE,
        _JOBS + "Watch": Permission.ANALYZE,
        _JOBS + "Fetch": Permission.ANALYZE,
        _JOBS + "List": Permission.JOBS,
        _JOBS + "Cancel": Permission.JOBS,
        _RADIOMICS + "Extract": Permission.ANALYZE,
        _RADIOMICS + "Train": Permission.ANALYZE,
        _RADIOMICS + "Predict": Permission.ANALYZE,
    }
)


def permission_of(method: str) -> Permission | None:
    """What `/package.Service/Method` asks for; None for a method that nobody may call."""
    if method.startswith(INTERNAL_SERVICES):
        return Permission.INTERNAL
    return PERMISSION_BY_METHOD.get(method)
