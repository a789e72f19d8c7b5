"""The models that are loaded, by name, version and precision."""

from __future__ import annotations

import asyncio
import gc
import logging
import traceback
import weakref
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from serving.domain.errors import CorruptModel, InvalidRequest, ModelNotFound, VersionExists
from serving.domain.inference import ModelStatus, Version
from serving.domain.manifest import ModelManifest
from serving.domain.model_set import STABLE, ModelSet, ServedVersion
from serving.engine.attic import Attic, Variants
from serving.engine.catalog import Catalog, ModelVersion, RefusedVersion
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.heap import handing_back
from serving.engine.runtime import ov
from serving.engine.slot_loan import Turn, no_turn

_log = logging.getLogger(__name__)
Key = tuple[str, int, str]


class ModelShelf:
    """Loads every version in its default precision and others when first asked for.

    Compiling happens on one thread of its own, one model at a time. Versions that serve no longer
    are kept in `attic` while memory allows.
    """

    def __init__(
        self, options: CompileOptions, precisions: dict[str, str], retired_bytes: int = 0
    ) -> None:
        self.attic = Attic(retired_bytes)
        self.turn: Turn = no_turn
        """First inferences of what is loaded wait for it."""
        self._labels: Mapping[str, Mapping[str, int]] = {}
        self._options = options
        self._precisions = precisions
        self._loader = ThreadPoolExecutor(1, "model-loader")
        # A repair holds a slot, for which the loader may be waiting: it cannot queue behind it.
        self._repairer = ThreadPoolExecutor(1, "model-repairer")
        self._destroyer = ThreadPoolExecutor(1, "model-destroyer")
        self._core = ov.Core()
        self._loaded: dict[Key, CompiledModel] = {}
        self._defaults: dict[str, dict[int, CompiledModel]] = {}
        self._loading: dict[Key, asyncio.Task[CompiledModel]] = {}
        self._arriving: set[tuple[str, int]] = set()
        self._refused: list[RefusedVersion] = []

    @property
    def refused(self) -> tuple[RefusedVersion, ...]:
        return tuple(self._refused)

    async def load_all(
        self, catalog: Catalog, labels: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """Loads the default variant of every version; a broken one is refused, not fatal.

        Versions without a variant are no business of the engine: Predict applies them.
        """
        self._refused.extend(catalog.refused)
        self._labels = labels or {}
        for version in (each for each in catalog.versions if each.manifest.variants):
            name, number = version.key
            try:
                variant = self._default_variant(version)
                model = await self._load(version, variant)
            except (CorruptModel, InvalidRequest) as error:
                self._refused.append(RefusedVersion(name, str(number), error.message))
                _log.warning("model refused", extra={"model": name, "version": number})
                continue
            self._keep(model)

    async def load_aside(self, version: ModelVersion) -> CompiledModel:
        """A version compiled in its default variant, serving nobody yet.

        Raises CorruptModel, and InvalidRequest where the settings ask for a precision that it
        cannot be served in.
        """
        return await self._load(version, self._default_variant(version))

    def holds(self, pin: ServedVersion) -> bool:
        """Whether that very version serves."""
        model = self._defaults.get(pin.name, {}).get(pin.version)
        return model is not None and model.version.pin == pin

    def serves(self, name: str, number: int) -> bool:
        """Whether a version of this number serves."""
        return self._has((name, number))

    def switch(self, model_set: ModelSet, arrivals: Mapping[ServedVersion, Variants]) -> None:
        """Serves what the set names, from now on: `arrivals` and what of it served before.

        What leaves goes to the attic. One step of the event loop: no request sees half of it.
        """
        wanted = set(model_set.versions)
        for model in [m for m in self.defaults() if m.version.pin not in wanted]:
            left = {each.variant: each for each in self.remove(*model.version.key)}
            self.attic.keep(model.version.pin, left)
        for variants in arrivals.values():
            for model in variants.values():
                self._keep(model)
        self._labels = model_set.labels

    async def load(self, version: ModelVersion) -> CompiledModel:
        """Loads one more version in its default variant beside what serves, then serves it.

        Raises VersionExists, CorruptModel, and InvalidRequest where the settings ask for a
        precision that it cannot be served in.
        """
        if self._has(version.key) or version.key in self._arriving:
            raise VersionExists(
                f"model {version.key[0]} version {version.key[1]} is loaded already; unload it "
                "first, or give the new model another version"
            )
        variant = self._default_variant(version)
        self._arriving.add(version.key)
        try:
            model = await self._load(version, variant)
        finally:
            self._arriving.discard(version.key)
        self._keep(model)
        self._refused = [r for r in self._refused if (r.name, r.version) != _names(version)]
        return model

    def remove(self, name: str, version: int) -> list[CompiledModel]:
        """Serves a version no longer; hands over all that is compiled of it.

        Raises ModelNotFound. Who waits for another precision of it gets that too.
        """
        self.default(name, version)
        numbers = self._defaults[name]
        del numbers[version]
        if not numbers:
            del self._defaults[name]
        keys = [key for key in self._loaded if key[:2] == (name, version)]
        return [self._loaded.pop(key) for key in keys]

    async def forget(self, models: list[CompiledModel], name: str, version: int) -> None:
        """Lets go of removed models and of what is still being compiled of that version.

        Destroying one takes a while: a thread does it, beside what serves.
        """
        refs = [weakref.ref(model) for model in models]
        await self._destroy(models)
        unfinished = [task for key, task in self._loading.items() if key[:2] == (name, version)]
        if unfinished:
            await asyncio.wait(unfinished)
        if any(ref() is not None for ref in refs):
            # An error's traceback, its frame and the error make a ring around it.
            await asyncio.get_running_loop().run_in_executor(self._destroyer, gc.collect)

    def find(self, name: str, version: Version, precision: str | None) -> CompiledModel | None:
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

    def find_retired(self, name: str, number: int, precision: str | None) -> CompiledModel | None:
        """A version of the attic, for a job that was accepted while it served."""
        variants = self.attic.find(name, number) or {}
        return variants.get(precision) if precision else next(iter(variants.values()), None)

    async def fetch(self, name: str, version: Version, precision: str) -> CompiledModel:
        """The same, compiled now where need be.

        Raises CorruptModel, and ModelNotFound also where the version is unloaded meanwhile.
        """
        source = self.default(name, version).version
        key = (*source.key, precision)
        loading = self._loading.get(key)
        if loading is None:
            loading = self._loading[key] = asyncio.ensure_future(self._load_and_keep(source, key))
            loading.add_done_callback(lambda _: self._loading.pop(key))
        return await asyncio.shield(loading)

    def default(self, name: str, version: Version) -> CompiledModel:
        """A version in its default precision. Raises ModelNotFound."""
        versions = self._defaults.get(name)
        if versions is None:
            served = ", ".join(sorted(self._defaults)) or "none"
            raise ModelNotFound(f"no such model is served; served are: {served}")
        number = self._number(name, version)
        model = versions.get(number)
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

    def manifest(self, name: str, version: Version) -> ModelManifest:
        return self.default(name, version).version.manifest

    async def reload(self, model: CompiledModel) -> None:
        """Compiles a model anew, in place. Raises CorruptModel."""
        await asyncio.get_running_loop().run_in_executor(self._repairer, model.reload)

    def close(self) -> None:
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._repairer.shutdown(wait=False, cancel_futures=True)
        self._destroyer.shutdown(wait=False)

    def _default_variant(self, version: ModelVersion) -> str:
        manifest = version.manifest
        chosen = self._precisions.get(manifest.name, manifest.default_variant)
        if chosen not in manifest.variants:
            raise InvalidRequest(
                f"the settings ask for a precision that {manifest.name} lacks; "
                f"it has {', '.join(sorted(manifest.variants))}"
            )
        if not manifest.variants[chosen].promotable:
            raise InvalidRequest(
                f"the settings ask for {chosen} of {manifest.name}, which loses more accuracy than "
                f"its gate allows; choose one of {', '.join(_promotable(manifest))}"
            )
        return chosen

    def _number(self, name: str, version: Version) -> int:
        """The number meant by a label, `stable` where none is given; the highest unlabelled."""
        if isinstance(version, int):
            return version
        labels = self._labels.get(name, {})
        number = labels.get(version or STABLE)
        if version is not None and number is None:
            known = ", ".join(sorted(labels)) or "none"
            raise ModelNotFound(f"model {name} has no such label; its labels are: {known}")
        serving = self._defaults[name]
        return number if number is not None and number in serving else max(serving)

    def _has(self, key: tuple[str, int]) -> bool:
        return key[1] in self._defaults.get(key[0], {})

    def _serves(self, version: ModelVersion) -> bool:
        """Whether it is this very version that is served, not one loaded in its place since."""
        name, number = version.key
        found = self._defaults.get(name, {}).get(number)
        return found is not None and found.version is version

    def _keep(self, model: CompiledModel) -> None:
        name, number = model.version.key
        self._loaded[name, number, model.variant] = model
        self._defaults.setdefault(name, {})[number] = model

    async def _load_and_keep(self, version: ModelVersion, key: Key) -> CompiledModel:
        """Another precision; not begun, or dropped, once the version is unloaded."""
        made: list[CompiledModel] = []
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._loader, self._load_if_served, made, version, key[2])
        except BaseException:
            await self._destroy(made)
            raise
        if not made or not self._serves(version):
            await self._destroy(made)
            raise ModelNotFound(f"model {key[0]} version {key[1]} is no longer served")
        self._loaded[key] = made[0]
        return made.pop()

    def _load_if_served(
        self, made: list[CompiledModel], version: ModelVersion, variant: str
    ) -> None:
        if self._serves(version):
            self._make(made, version, variant)

    def _make(self, made: list[CompiledModel], version: ModelVersion, variant: str) -> None:
        """Appends the model, so that neither the loader nor an error's frames keep it alive."""
        made.append(CompiledModel(self._core, version, variant, self._options, self.turn))
        try:
            made[0].load()
        except Exception as error:
            traceback.clear_frames(error.__traceback__)
            raise

    async def _destroy(self, models: list[CompiledModel]) -> None:
        """On a thread that never runs an inference.

        OpenVINO 2026.4 may crash at the next inference of a thread that has destroyed a compiled
        model: in one run of four, when the loader did both.
        """

        def destroy() -> None:
            with handing_back():
                models.clear()

        await asyncio.get_running_loop().run_in_executor(self._destroyer, destroy)

    async def _load(self, version: ModelVersion, variant: str) -> CompiledModel:
        made: list[CompiledModel] = []
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._loader, self._make, made, version, variant)
        except BaseException:
            await self._destroy(made)
            raise
        return made.pop()


def _promotable(manifest: ModelManifest) -> list[str]:
    return sorted(name for name, variant in manifest.variants.items() if variant.promotable)


def _names(version: ModelVersion) -> tuple[str, str]:
    return version.key[0], str(version.key[1])
