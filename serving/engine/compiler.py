"""Compiles the file of one variant, as it is written or for fixed shapes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import CorruptModel
from serving.engine.catalog import ModelVersion
from serving.engine.compile_cache import CompileCache
from serving.engine.forms import Shapes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """How models are compiled on this node; `cache_dir` None means without a compile cache."""

    streams: int
    threads_per_stream: int
    cache_dir: Path | None

    @classmethod
    def for_node(cls, node: NodePlan, cache_dir: Path | None) -> CompileOptions:
        return cls(node.streams, node.threads_per_stream, cache_dir)

    def properties(self, inference_precision: str) -> dict[str, Any]:
        """OpenVINO's properties. Pinning is off: with it two processes both start at CPU 0."""
        properties: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": inference_precision,
            "NUM_STREAMS": self.streams,
            "INFERENCE_NUM_THREADS": self.streams * self.threads_per_stream,
            "ENABLE_CPU_PINNING": False,
        }
        return properties

    def cache_for(self, version: ModelVersion, variant: str) -> CompileCache | None:
        """Where the compiled forms of a variant are kept."""
        if self.cache_dir is None:
            return None
        return CompileCache(self.cache_dir, *version.key, variant, version.manifest.digest(variant))


class Compiler:
    """One load of one variant, through the compile cache where there is one."""

    def __init__(
        self, core: Any, version: ModelVersion, variant: str, options: CompileOptions
    ) -> None:
        self._core = core
        self._version = version
        self._path = str(version.model_path(variant))
        hint = version.manifest.variants[variant].inference_precision
        self._properties = options.properties(hint)
        self._model: Any = None
        self._anything_new = False
        self.cache = options.cache_for(version, variant)
        """None: without, or it cannot be used."""
        if self.cache is not None:
            self.cache.check()

    def compile(self) -> Any:
        """The model as it is written. Raises CorruptModel."""
        try:
            return self._compile(self._path)
        except RuntimeError:
            raise CorruptModel(
                f"{Path(self._path).name} of {self._version.manifest.name} "
                f"version {self._version.manifest.version} cannot be compiled by OpenVINO; import "
                "it again, or ask its vendor for another file"
            ) from None

    def compile_for(self, shapes: Shapes) -> Any | None:
        """The model for inputs of these shapes alone; None where it cannot have them."""
        try:
            if self._model is None:
                self._model = self._core.read_model(self._path)
            self._model.reshape(dict(enumerate(shapes)))
            return self._compile(self._model)
        except RuntimeError:
            _log.info("a model cannot be compiled for fixed shapes")
            return None

    @property
    def all_from_cache(self) -> bool:
        """Whether nothing had to be compiled."""
        return self.cache is not None and not self._anything_new

    def seal(self) -> None:
        """Seals the cache after the last form."""
        if self.cache is None or not self._anything_new:
            return
        try:
            self.cache.seal()
        except OSError as error:  # what is not sealed is not believed at the next load
            _log.warning("compile cache not sealed: %s", type(error).__name__)
            self.cache = None

    def _compile(self, model: Any) -> Any:
        if self.cache is None:
            return self._compile_plain(model)
        try:
            return self._compile_cached(model, str(self.cache.folder))
        except (RuntimeError, OSError) as error:  # a full disk must not stop the box
            compiled = self._compile_plain(model)  # raises where it is the model's fault
            _log.warning("compile cache not used: %s", type(error).__name__)
            self.cache = None
            return compiled

    def _compile_plain(self, model: Any) -> Any:
        return self._core.compile_model(model, "CPU", self._properties)

    def _compile_cached(self, model: Any, folder: str) -> Any:
        compiled = self._core.compile_model(model, "CPU", {**self._properties, "CACHE_DIR": folder})
        self._anything_new |= not compiled.get_property("LOADED_FROM_CACHE")
        return compiled
