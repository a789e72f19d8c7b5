"""The models that are loaded, by name, version and precision."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from serving.domain.errors import CorruptModel, InvalidRequest, ModelNotFound
from serving.domain.inference import ModelStatus
from serving.domain.manifest import ModelManifest
from serving.engine.catalog import Catalog, ModelVersion, RefusedVersion
from serving.engine.compiled_model import CompiledModel, CompileOptions
from serving.engine.runtime import ov

_log = logging.getLogger(__name__)
Key = tuple[str, int, str]


class ModelShelf:
    """Loads every version in its default precision and others when first asked for.

    Compiling happens on one thread of its own, one model at a time.
    """

    def __init__(self, options: CompileOptions, precisions: dict[str, str]) -> None:
        self._options = options
        self._precisions = precisions
        self._loader = ThreadPoolExecutor(1, "model-loader")
        self._core = ov.Core()
        self._loaded: dict[Key, CompiledModel] = {}
        self._defaults: dict[str, dict[int, CompiledModel]] = {}
        self._loading: dict[Key, asyncio.Task[CompiledModel]] = {}
        self._refused: list[RefusedVersion] = []

    @property
    def refused(self) -> tuple[RefusedVersion, ...]:
        return tuple(self._refused)

    async def load_all(self, catalog: Catalog) -> None:
        """Loads the default variant of every version; a broken one is refused, not fatal."""
        self._refused.extend(catalog.refused)
        for version in catalog.versions:
            name, number = version.key
            try:
                variant = self._default_variant(version)
                model = await self._load(version, variant)
            except (CorruptModel, InvalidRequest) as error:
                self._refused.append(RefusedVersion(name, str(number), error.message))
                _log.warning("model refused", extra={"model": name, "version": number})
                continue
            self._loaded[name, number, variant] = model
            self._defaults.setdefault(name, {})[number] = model

    def find(self, name: str, version: int | None, precision: str | None) -> CompiledModel | None:
        """The model that answers; None where its precision is yet to be compiled.

        Raises ModelNotFound.
        """
        default = self.default(name, version)
        if not precision or precision == default.variant:
            return default
        if precision not in default.version.manifest.variants:
            has = ", ".join(sorted(default.version.manifest.variants))
            raise ModelNotFound(
                f"model {name} version {default.status.version} has no such precision; it has {has}"
            )
        return self._loaded.get((name, default.status.version, precision))

    async def fetch(self, name: str, version: int | None, precision: str) -> CompiledModel:
        """The same, compiled now where need be. Raises ModelNotFound, CorruptModel."""
        source = self.default(name, version).version
        key = (*source.key, precision)
        loading = self._loading.get(key)
        if loading is None:
            loading = self._loading[key] = asyncio.ensure_future(self._load_and_keep(source, key))
            loading.add_done_callback(lambda _: self._loading.pop(key))
        return await asyncio.shield(loading)

    def default(self, name: str, version: int | None) -> CompiledModel:
        """A version in its default precision; None: the highest. Raises ModelNotFound."""
        versions = self._defaults.get(name)
        if versions is None:
            served = ", ".join(sorted(self._defaults)) or "none"
            raise ModelNotFound(f"no such model is served; served are: {served}")
        model = versions.get(max(versions) if version is None else version)
        if model is None:
            numbers = ", ".join(map(str, sorted(versions)))
            raise ModelNotFound(f"model {name} has no version {version}; it has {numbers}")
        return model

    def defaults(self) -> Iterator[CompiledModel]:
        """Every version in its default precision, by name and version."""
        for name in sorted(self._defaults):
            for number in sorted(self._defaults[name]):
                yield self._defaults[name][number]

    def statuses(self) -> list[ModelStatus]:
        return [model.status for model in self.defaults()]

    def manifest(self, name: str, version: int | None) -> ModelManifest:
        return self.default(name, version).version.manifest

    async def reload(self, model: CompiledModel) -> None:
        """Compiles a model anew, in place. Raises CorruptModel."""
        await asyncio.get_running_loop().run_in_executor(self._loader, model.reload)

    def close(self) -> None:
        self._loader.shutdown(wait=False, cancel_futures=True)

    def _default_variant(self, version: ModelVersion) -> str:
        manifest = version.manifest
        chosen = self._precisions.get(manifest.name, manifest.default_variant)
        if chosen not in manifest.variants:
            raise InvalidRequest(
                f"the settings ask for a precision that {manifest.name} lacks; "
                f"it has {', '.join(sorted(manifest.variants))}"
            )
        return chosen

    async def _load_and_keep(self, version: ModelVersion, key: Key) -> CompiledModel:
        model = self._loaded[key] = await self._load(version, key[2])
        return model

    async def _load(self, version: ModelVersion, variant: str) -> CompiledModel:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._loader, CompiledModel, self._core, version, variant, self._options
        )
