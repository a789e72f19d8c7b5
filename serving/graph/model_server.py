"""The `ModelServer` deployment: a thin shell around a `NodeHost`."""

from __future__ import annotations

from collections.abc import AsyncIterator

from serving.domain.inference import ModelStatus
from serving.domain.manifest import ModelManifest
from serving.graph.loopback import keep_replica_on_loopback
from serving.graph.node_host import NodeHost
from serving.graph.stack_task import StackTask
from serving.logs import configure_logging
from serving.settings import ServingSettings


class ModelServer:
    """One replica per node of the CPU plan; serves gRPC itself, Serve's proxies stay off."""

    async def __init__(self, settings_json: str) -> None:  # type: ignore[misc]  # Serve awaits it
        keep_replica_on_loopback()
        settings = ServingSettings.model_validate_json(settings_json)
        configure_logging(settings.state_dir, "model-server", settings.log)
        self._host = await NodeHost.start(settings)

    async def describe(
        self, model_name: str, version: int | None = None
    ) -> tuple[ModelStatus, ModelManifest]:
        """The model as compiled here, and its manifest. Raises ModelNotFound, CorruptModel."""
        return await self._host.describe(model_name, version)

    async def predict_stack(self, task: StackTask) -> AsyncIterator[int]:
        """Runs a stack slice by slice; yields how many are done."""
        async for done in self._host.predict_stack(task):
            yield done

    async def check_health(self) -> None:
        """Serve restarts this replica when this raises."""
        await self._host.check_health()

    async def __del__(self) -> None:
        # Serve's only hook at shutdown. A constructor that failed leaves no host behind.
        host = getattr(self, "_host", None)
        if host is not None:
            await host.stop()
