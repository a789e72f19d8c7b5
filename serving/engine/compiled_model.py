"""A model version in one precision, compiled for the node's slots."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from serving.domain.errors import CorruptModel
from serving.domain.inference import ModelStatus
from serving.domain.manifest import TensorEntry
from serving.domain.tensor import Tensor, TensorSpec
from serving.engine.catalog import ModelVersion
from serving.engine.compile_cache import CompileCache, Findings
from serving.engine.compiler import CompileOptions, Compiler
from serving.engine.datatypes import to_spec
from serving.engine.forms import Form, Forms, shapes_of
from serving.engine.frames import Frames
from serving.engine.pace import Pace
from serving.engine.runner import Runner
from serving.engine.runtime import ov
from serving.engine.slot_loan import Turn, no_turn
from serving.engine.warm_up import find_written, run_timed, samples

_log = logging.getLogger(__name__)
_QUICK_WARM_UP_RUNS = 6
_CAPABILITIES = "OPTIMIZATION_CAPABILITIES"


class CompiledModel:
    """Loads, warms up and lends runners: one for each slot and, now and then, one for health."""

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

    def lend(self, inputs: Sequence[Tensor]) -> Runner:
        """A runner of one's own for such inputs; the slots bound how many are out."""
        return self._forms.lend(inputs)

    def give_back(self, runner: Runner) -> None:
        """Takes a runner back, unless the model was compiled anew meanwhile."""
        self._forms.give_back(runner)

    @property
    def can_probe(self) -> bool:
        """Whether an inference on made-up inputs works, as the warm-up showed."""
        return self._warm

    def probe(self) -> None:
        """Runs one inference of the smallest size. Raises RuntimeError where it fails."""
        sample = self._samples[-1]
        runner = self._forms.lend(sample)
        run_timed(runner, sample)
        self._forms.give_back(runner)

    def run_once(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """All outputs for these inputs. Raises CorruptModel."""
        runner = self._forms.lend(inputs)
        try:
            runner.prepare(inputs)
            with self._turn():
                runner.run_on_stream()
            outputs = runner.collect(range(len(self._status.outputs)))
        except (RuntimeError, ValueError, TypeError):
            raise CorruptModel(
                f"{self._status.name} version {self._status.version} fails on given inputs"
            ) from None
        self._forms.give_back(runner)
        return outputs

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
        compiler = Compiler(self._core, self.version, self.variant, self._options)
        compiled = compiler.compile()
        inputs = _declared_specs("input", manifest.inputs, compiled.inputs)
        outputs = _declared_specs("output", manifest.outputs, compiled.outputs)
        self._is_static = all(-1 not in spec.shape for spec in inputs + outputs)
        self._samples = samples(inputs, self.frames)
        self._forms = self._compile_forms(compiler, compiled, inputs, outputs)
        compiler.seal()
        self._cache = compiler.cache
        self._status = self._read_status(compiled, inputs, outputs, compiler.all_from_cache)
        self._found = None
        if self._cache is not None and compiler.all_from_cache:
            self._found = self._cache.findings(_maker(self._core))
        self._warm = self._warm_up(compiler)

    def _compile_forms(
        self,
        compiler: Compiler,
        compiled: Any,
        inputs: Sequence[TensorSpec],
        outputs: Sequence[TensorSpec],
    ) -> Forms:
        """The model as compiled, and a form for each size of image that it is made for."""
        open_form = Form(compiled, outputs)
        if not any(map(self.frames.govern, inputs)):
            return Forms(open_form, {})
        every = ((shapes, compiler.compile_for(shapes)) for shapes in map(shapes_of, self._samples))
        fixed = {shapes: Form(one, outputs) for shapes, one in every if one is not None}
        return Forms(open_form, fixed)

    def _read_status(
        self,
        compiled: Any,
        inputs: tuple[TensorSpec, ...],
        outputs: tuple[TensorSpec, ...],
        from_cache: bool,
    ) -> ModelStatus:
        manifest = self.version.manifest
        read = compiled.get_property
        return ModelStatus(
            name=manifest.name,
            version=manifest.version,
            digest=manifest.digest(self.variant),
            precision=self.variant,
            effective_precision=read("INFERENCE_PRECISION_HINT").get_type_name(),
            streams=int(read("NUM_STREAMS")),
            threads=int(read("INFERENCE_NUM_THREADS")),
            loaded_from_cache=from_cache,
            inputs=inputs,
            outputs=outputs,
        )

    def _warm_up(self, compiler: Compiler) -> bool:
        """Runs every form; False where a dynamic model cannot run on zeros."""
        try:
            self._set_written(self._found.written if self._found else self._find_written())
            self._warm_up_streams()
        except RuntimeError:
            if self._is_static:
                raise CorruptModel(
                    f"{self._status.name} version {self._status.version} fails on its first "
                    "inference, of zeros"
                ) from None
            _log.info("a model of dynamic shapes does not run on single elements")
            self._forms = Forms(Form(compiler.compile(), self._status.outputs), {})
            self._set_written(frozenset())
            return False
        return True

    def _set_written(self, written: frozenset[int]) -> None:
        self._written = written
        for form in self._forms:
            form.written = written

    def _find_written(self) -> frozenset[int]:
        """Outputs that every form writes."""
        written = frozenset(range(len(self._status.outputs)))
        for form, sample in self._forms.with_samples(self._samples):
            written &= find_written(form.runner(), sample, self._turn)
        return written

    def _warm_up_streams(self) -> None:
        """Every size once on every stream: each keeps kernels of its own."""
        whole, *smaller = self._samples
        with ThreadPoolExecutor(self._options.streams) as pool:
            for duration_s in self._run_on_all(pool, whole):
                self.pace.first(duration_s)
            while self.pace.may_be_quick and self.pace.runs < _QUICK_WARM_UP_RUNS:
                self.pace.first(self._run_on_all(pool, whole, streams=1)[0])
            for sample in smaller:
                self._run_on_all(pool, sample)

    def _run_on_all(
        self, pool: ThreadPoolExecutor, sample: Sequence[Tensor], streams: int | None = None
    ) -> list[float]:
        """Seconds that an inference takes on so many streams (None: all) at the same time."""
        count = streams or self._options.streams
        runners = [self._forms.lend(sample) for _ in range(count)]
        durations_s = list(pool.map(lambda each: run_timed(each, sample, self._turn), runners))
        for runner in runners:
            self._forms.give_back(runner)
        return durations_s

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
