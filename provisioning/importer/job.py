"""One import on its way: from a source to a complete version in a staging folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from provisioning.card import write_card
from provisioning.importer.archive import Unpacked, UnpackOrder
from provisioning.importer.convert import Converted, ConvertOrder
from provisioning.importer.digest import source_digest
from provisioning.importer.find_source import FoundSource, find_source
from provisioning.importer.make_manifest import make_manifest
from provisioning.importer.measure import MeasureOrder
from provisioning.importer.parity_check import ParityCheck
from provisioning.importer.program_order import Program, ProgramOrder
from provisioning.importer.program_screen import Screened, ScreenOrder
from provisioning.importer.request import ImportRequest
from provisioning.importer.shapes import run_shapes
from provisioning.importer.source_format import SourceFormat
from provisioning.importer.staging import Staging
from provisioning.manifest_file import model_file, write_manifest
from provisioning.quantise.order import QuantiseOrder
from provisioning.quantise.stage import within
from provisioning.sandbox import Limits, run_step
from provisioning.self_test import record
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, Variant
from serving.domain.provenance import Parity, Source, Speed
from serving.domain.slices import Progress

IR = "fp32/model.xml"
WEIGHTS = "fp32/model.bin"
HINTS = {"fp32": "f32", "bf16": "bf16"}
QUANTISE_WALL_S = 4 * 3600.0
"""The ladder runs the network some thousand times."""
_FLOATS_DONE = 0.3
"""Share of the work that is done before quantisation begins, where it is asked for."""
_VARIANTS_DONE = 0.95
"""The same before the self-test is recorded."""
_REFERENCES = {SourceFormat.ONNX: "run_onnx", SourceFormat.TORCH_EXPORT: "run_program"}

_UNCOMPARED = {
    SourceFormat.OPENVINO: "the source is an IR: nothing was converted, so nothing is compared",
    SourceFormat.TENSORFLOW: "not compared with TensorFlow, which is not installed here",
}


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What was asked, where it works, under which limits, and whom it tells."""

    request: ImportRequest
    places: Staging
    limits: Limits
    report: Progress

    def make(self, source: Path, version: int) -> None:
        """Fills the staging folder. Raises AiboxError with one sentence."""
        found = find_source(source, self._unpack)
        if found.format is SourceFormat.TORCH_EXPORT:
            found = self._exported_program(found)
        converted = self._convert(found)
        shapes = run_shapes(
            converted.inputs, self.request.shapes, self.request.description.preprocessing
        )
        parity, speeds = self._examine(found, converted, shapes)
        provenance = Source(
            format=found.format,
            sha256=source_digest(*found.digest_of(converted.files)),
            parity=parity,
        )
        variants = self._variants(speeds)
        manifest = self._self_tested(
            self._quantised(make_manifest(self.request, version, converted, provenance, variants))
        )
        write_manifest(manifest, self.places.version)
        write_card(self.places.version, manifest)

    def _quantised(self, manifest: ModelManifest) -> ModelManifest:
        """With an INT8 variant where one was asked for."""
        asked = self.request.quantise
        if asked is None:
            return manifest
        paths = {
            field: getattr(asked, field) for field in ("calibration", "validation", "held_out")
        }
        update = {field: path.absolute() for field, path in paths.items() if path is not None}
        order = QuantiseOrder(
            folder=self.places.version, manifest=manifest, request=asked.model_copy(update=update)
        )
        limits = replace(self.limits, wall_s=max(self.limits.wall_s, QUANTISE_WALL_S))
        share = within(self.report, _FLOATS_DONE, _VARIANTS_DONE)
        return run_step("quantise", order, ModelManifest, limits, share)

    def _self_tested(self, manifest: ModelManifest) -> ModelManifest:
        """With a self-test of generated inputs, where one can be made.

        Inputs given for the comparison may be a patient's: they never become part of a version.
        """
        share = within(self.report, _VARIANTS_DONE, 1.0)
        return record(self.places.version, manifest, None, self.limits, share).onto(manifest)

    def _share(self, low: float, high: float, prefix: str = "") -> Progress:
        """A part of the work before quantisation, as part of the whole."""
        whole = _FLOATS_DONE if self.request.quantise else _VARIANTS_DONE
        return within(self.report, low * whole, high * whole, prefix)

    def _unpack(self, archive: Path) -> Path:
        folder = self.places.work / "unpacked"
        folder.mkdir()
        order = UnpackOrder(archive=archive.absolute(), folder=folder)
        run_step("unpack", order, Unpacked, self.limits, self._share(0.0, 0.1))
        return folder

    def _exported_program(self, found: FoundSource) -> FoundSource:
        """The same with a copy that is safe to load, and the IR that torch's front end makes."""
        work = self.places.work
        screening = ScreenOrder(source=found.path.absolute(), clean=work / "program.pt2")
        share = self._share(0.0, 0.05)
        run_step("screen_program", screening, Screened, self.limits, share)
        if find_spec("torch") is None:
            raise InvalidRequest(
                f"{found.path.name} is a PyTorch exported program, which needs torch to convert; "
                "install aibox[zoo] here, or export the model as ONNX"
            )
        order = ProgramOrder(source=screening.clean, ir=work / "program.xml")
        run_step("convert_program", order, Program, self.limits, self._share(0.05, 0.1))
        original = found.archive or found.path
        return replace(found, path=order.ir, archive=original, reference=screening.clean)

    def _convert(self, found: FoundSource) -> Converted:
        order = ConvertOrder(
            source=found.path.absolute(),
            format=found.graph_format,
            ir=self.places.version / IR,
            embedding=self.request.embed,
            compress_to_fp16=self.request.compress_to_fp16,
        )
        return run_step("convert", order, Converted, self.limits, self._share(0.1, 0.3))

    def _examine(
        self, found: FoundSource, converted: Converted, shapes: dict[str, tuple[int, ...]]
    ) -> tuple[Parity | None, dict[str, Speed]]:
        """Compiles and times each variant; FP32 is compared with the source framework too."""
        step = _REFERENCES.get(found.format)
        if step is None:
            self.report(0.3, _UNCOMPARED[found.format])
            return None, {name: self._measure(name, shapes) for name in HINTS}
        check = ParityCheck(self.request, converted, self.places.work)
        check.make_inputs(shapes)
        reference = check.run_reference(
            step, (found.reference or found.path).absolute(), self.limits, self._share(0.3, 0.5)
        )
        speeds = {"fp32": self._measure("fp32", shapes, check)}
        parity = check.judge(reference)
        return parity, {**speeds, "bf16": self._measure("bf16", shapes)}

    def _measure(
        self, name: str, shapes: dict[str, tuple[int, ...]], check: ParityCheck | None = None
    ) -> Speed:
        order = MeasureOrder(
            model=self.places.version / IR,
            inference_precision=HINTS[name],
            shapes=shapes,
            inputs=check.sent if check else None,
            outputs=check.got if check else None,
        )
        low = 0.5 if name == "fp32" else 0.75
        share = self._share(low, low + 0.25, f"{name}: ")
        return run_step("measure", order, Speed, self.limits, share)

    def _variants(self, speeds: dict[str, Speed]) -> dict[str, Variant]:
        files = tuple(model_file(self.places.version, path) for path in (WEIGHTS, IR))
        return {
            name: Variant(model=IR, inference_precision=HINTS[name], files=files, speed=speed)
            for name, speed in speeds.items()
        }
