"""A model version in one precision, compiled for the node's slots."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.domain.cpu_plan import NodePlan
from serving.domain.errors import CorruptModel
from serving.domain.inference import ModelStatus
from serving.domain.manifest import TensorEntry
from serving.domain.tensor import Tensor, TensorSpec
from serving.engine.catalog import ModelVersion
from serving.engine.compile_cache import CompileCache, Findings
from serving.engine.datatypes import to_spec
from serving.engine.frames import Frames
from serving.engine.pace import Pace
from serving.engine.runner import Runner
from serving.engine.runtime import ov
from serving.engine.slot_loan import Turn, no_turn
from serving.engine.warm_up import find_written, run_timed, samples

_log = logging.getLogger(__name__)
_QUICK_WARM_UP_RUNS = 6
_CAPABILITIES = "OPTIMIZATION_CAPABILITIES"


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
        """Where the compiled form of a variant is kept."""
        if self.cache_dir is None:
            return None
        return CompileCache(self.cache_dir, *version.key, variant, version.manifest.digest(variant))


class CompiledModel:
    """Loads, warms up and lends runners: one for each slot and one in reserve for health."""

    def __init__(
        self,
        core: Any,
        version: ModelVersion,
        variant: str,
        options: CompileOptions,
        turn: Turn = no_turn,
    ) -> None:
        """Nothing yet: `load` does the work; each first inference then waits for its `turn`."""
        self.version = version
        self.variant = variant
        self.pace = Pace()
        self.frames = Frames.of(version.manifest)
        self._core = core
        self._options = options
        self._turn = turn
        self.resident_bytes = 0
        """About what it takes in memory: the most that any load grew by, at least its files."""
        self._cache: CompileCache | None = None
        """Where the compiled form came from or went."""

    @classmethod
    def loaded(
        cls, core: Any, version: ModelVersion, variant: str, options: CompileOptions
    ) -> CompiledModel:
        """A model ready to run, for who has no other. Raises CorruptModel."""
        model = cls(core, version, variant, options)
        model.load()
        return model

    def load(self) -> None:
        """Verifies the files, compiles and warms up. Raises CorruptModel."""
        self.version.verify(self.variant)
        before = _resident_bytes()
        self._load()
        grown = _resident_bytes() - before
        known = self._found.resident_bytes if self._found else 0
        self.resident_bytes = max(grown, known, self.version.file_bytes(self.variant))
        self._keep_findings()

    @property
    def status(self) -> ModelStatus:
        return self._status

    @property
    def is_static(self) -> bool:
        return self._is_static

    def runs_quickly(self, payload_bytes: int) -> bool:
        """Whether to run a request on the spot; dynamic shapes only up to a size seen quick."""
        pace = self.pace
        return pace.is_quick and (self._is_static or payload_bytes <= pace.quick_bytes)

    def lend(self) -> Runner:
        """A runner of one's own; the slots bound how many are out."""
        return self._idle.pop() if self._idle else self._runner()

    def give_back(self, runner: Runner) -> None:
        """Takes a runner back, unless the model was compiled anew meanwhile."""
        if runner.source is self._compiled:
            self._idle.append(runner)

    @property
    def can_probe(self) -> bool:
        """Whether an inference on made-up inputs works, as the warm-up showed."""
        return self._warm

    def probe(self) -> None:
        """Runs one inference on the reserve runner. Raises RuntimeError where it fails."""
        run_timed(self._reserve, self._samples[-1])

    def run_once(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """All outputs for these inputs, on a runner of its own. Raises CorruptModel."""
        runner = self._runner()
        try:
            runner.prepare(inputs)
            with self._turn():
                runner.run_on_stream()
            return runner.collect(range(len(self._status.outputs)))
        except (RuntimeError, ValueError, TypeError):
            raise CorruptModel(
                f"{self._status.name} version {self._status.version} fails on given inputs"
            ) from None

    def reload(self) -> None:
        """Compiles anew, after a failed inference.

        OpenVINO's CPU plugin keeps shapes of a failed inference of a dynamic model and then
        refuses good requests too (2026.4, every infer request of the compiled model). The slot of
        that inference is still held, so this one does not wait for another.
        """
        self._turn = no_turn
        self._load()

    def _load(self) -> None:
        manifest = self.version.manifest
        self._compile_anew()
        inputs = _declared_specs("input", manifest.inputs, self._compiled.inputs)
        outputs = _declared_specs("output", manifest.outputs, self._compiled.outputs)
        self._is_static = all(-1 not in spec.shape for spec in inputs + outputs)
        self._status = self._read_status(inputs, outputs)
        reused = self._cache if self._status.loaded_from_cache else None
        self._found = reused.findings(_maker(self._core)) if reused else None
        self._samples = samples(inputs, self.frames)
        self._warm = self._warm_up()

    def _compile_anew(self) -> None:
        """Every runner lives as long as its compiled model.

        OpenVINO 2026.4 may abort the process ("pure virtual method called") when a request of a
        dynamic model runs after another that had run on the same stream was destroyed.
        """
        self._compiled = self._compile()
        self._made: list[Runner] = []

    def _compile(self) -> Any:
        cache = self._options.cache_for(self.version, self.variant)
        self._cache = None
        if cache is not None:
            try:
                compiled = self._compile_cached(cache)
                self._cache = cache
                return compiled
            except (RuntimeError, OSError) as error:  # a full disk must not stop the box
                _log.warning("compile cache not used: %s", type(error).__name__)
        try:
            return self._core.compile_model(*self._compile_arguments())
        except RuntimeError:
            raise CorruptModel(
                f"{self.version.model_path(self.variant).name} of {self.version.manifest.name} "
                f"version {self.version.manifest.version} cannot be compiled by OpenVINO; import "
                "it again, or ask its vendor for another file"
            ) from None

    def _compile_cached(self, cache: CompileCache) -> Any:
        cache.check()
        path, device, properties = self._compile_arguments()
        compiled = self._core.compile_model(
            path, device, {**properties, "CACHE_DIR": str(cache.folder)}
        )
        if not compiled.get_property("LOADED_FROM_CACHE"):
            cache.seal()
        return compiled

    def _compile_arguments(self) -> tuple[str, str, dict[str, Any]]:
        hint = self.version.manifest.variants[self.variant].inference_precision
        path = self.version.model_path(self.variant)
        return str(path), "CPU", self._options.properties(hint)

    def _read_status(
        self, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> ModelStatus:
        manifest = self.version.manifest
        read = self._compiled.get_property
        return ModelStatus(
            name=manifest.name,
            version=manifest.version,
            digest=manifest.digest(self.variant),
            precision=self.variant,
            effective_precision=read("INFERENCE_PRECISION_HINT").get_type_name(),
            streams=int(read("NUM_STREAMS")),
            threads=int(read("INFERENCE_NUM_THREADS")),
            loaded_from_cache=bool(read("LOADED_FROM_CACHE")),
            inputs=inputs,
            outputs=outputs,
        )

    def _make_runners(self, written: frozenset[int]) -> None:
        self._written = written
        self._idle = [self._runner() for _ in range(self._options.streams)]
        self._reserve = self._runner()

    def _runner(self) -> Runner:
        runner = Runner(self._compiled, self._status.outputs, self._written)
        self._made.append(runner)
        return runner

    def _warm_up(self) -> bool:
        """Makes the runners and runs them; False where a dynamic model cannot run on zeros."""
        try:
            self._written = frozenset()
            self._make_runners(self._find_written())
            self._warm_up_streams()
        except RuntimeError:
            if self._is_static:
                raise CorruptModel(
                    f"{self._status.name} version {self._status.version} fails on its first "
                    "inference, of zeros"
                ) from None
            _log.info("a model of dynamic shapes does not run on single elements")
            self._compile_anew()
            self._make_runners(frozenset())
            return False
        return True

    def _find_written(self) -> frozenset[int]:
        if self._found is not None:
            return self._found.written
        return find_written(self._runner(), self._samples[0], self._status.outputs, self._turn)

    def _warm_up_streams(self) -> None:
        """Every size once on every stream: each keeps kernels of its own."""
        whole, *smaller = self._samples
        with ThreadPoolExecutor(len(self._idle)) as pool:
            for duration_s in self._run_on_all(pool, whole):
                self.pace.first(duration_s)
            while self.pace.may_be_quick and self.pace.runs < _QUICK_WARM_UP_RUNS:
                self.pace.first(run_timed(self._reserve, whole, self._turn))
            for sample in smaller:
                self._run_on_all(pool, sample)

    def _run_on_all(self, pool: ThreadPoolExecutor, sample: Sequence[Tensor]) -> list[float]:
        """Seconds that each idle runner takes, all at the same time."""
        return list(pool.map(lambda runner: run_timed(runner, sample, self._turn), self._idle))

    def _keep_findings(self) -> None:
        """For the next load, beside the compiled form."""
        findings = Findings(
            made_by=_maker(self._core), written=self._written, resident_bytes=self.resident_bytes
        )
        if self._cache is None or findings == self._found:
            return
        try:
            self._cache.keep(findings)
        except OSError as error:  # a full disk must not stop the box
            _log.warning("findings not kept: %s", type(error).__name__)


def _maker(core: Any) -> str:
    """OpenVINO's version, the CPU's name and what it can do."""
    told = (core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", _CAPABILITIES))
    return f"{ov.get_version()} {' '.join(map(str, told))}"


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _declared_specs(
    what: str, entries: Sequence[TensorEntry], ports: Sequence[Any]
) -> tuple[TensorSpec, ...]:
    """The specs of the model's ports, in its order. Raises CorruptModel unless as declared."""
    declared = {entry.name: (entry.datatype, entry.shape) for entry in entries}
    specs = tuple(to_spec(port, declared) for port in ports)
    actual = {spec.name: (spec.datatype, spec.shape) for spec in specs}
    differing = sorted(
        name for name in declared.keys() | actual.keys() if declared.get(name) != actual.get(name)
    )
    if differing:
        raise CorruptModel(
            f"the manifest and the model differ in {what} {', '.join(differing)}: name, datatype "
            "and shape must agree"
        )
    return specs
