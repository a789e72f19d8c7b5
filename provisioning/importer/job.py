"""One import on its way: from a source to a complete version in a staging folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioning.importer.convert import Converted, ConvertOrder
from provisioning.importer.digest import source_digest
from provisioning.importer.find_source import FoundSource, find_source
from provisioning.importer.make_manifest import make_manifest
from provisioning.importer.measure import MeasureOrder
from provisioning.importer.parity_check import ParityCheck
from provisioning.importer.request import ImportRequest
from provisioning.importer.shapes import run_shapes
from provisioning.importer.source_format import SourceFormat
from provisioning.importer.staging import Staging
from provisioning.manifest_file import model_file, write_manifest
from provisioning.quantise.stage import within
from provisioning.sandbox import Limits, run_step
from serving.domain.manifest import Variant
from serving.domain.provenance import Parity, Source, Speed
from serving.domain.slices import Progress

IR = "fp32/model.xml"
WEIGHTS = "fp32/model.bin"
HINTS = {"fp32": "f32", "bf16": "bf16"}
_REFERENCES = {SourceFormat.ONNX: "run_onnx", SourceFormat.TORCH_EXPORT: "run_program"}


@dataclass(frozen=True, slots=True)
class ImportJob:
    """What was asked, where it works, under which limits, and whom it tells."""

    request: ImportRequest
    places: Staging
    limits: Limits
    report: Progress

    def make(self, source: Path, version: int) -> None:
        """Fills the staging folder. Raises AiboxError with one sentence."""
        found = find_source(source)
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
        manifest = make_manifest(self.request, version, converted, provenance, variants)
        write_manifest(manifest, self.places.version)

    def _convert(self, found: FoundSource) -> Converted:
        order = ConvertOrder(
            source=found.path,
            format=found.format,
            ir=self.places.version / IR,
            embedding=self.request.embed,
            compress_to_fp16=self.request.compress_to_fp16,
        )
        return run_step("convert", order, Converted, self.limits, within(self.report, 0.0, 0.3))

    def _examine(
        self, found: FoundSource, converted: Converted, shapes: dict[str, tuple[int, ...]]
    ) -> tuple[Parity | None, dict[str, Speed]]:
        """Compiles and times each variant; FP32 is compared with the source framework too."""
        step = _REFERENCES.get(found.format)
        if step is None:
            return None, {name: self._measure(name, shapes) for name in HINTS}
        check = ParityCheck(self.request, converted, self.places.work)
        check.make_inputs(shapes)
        reference = check.run_reference(
            step, found.path, self.limits, within(self.report, 0.3, 0.5)
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
        share = within(self.report, low, low + 0.25, f"{name}: ")
        return run_step("measure", order, Speed, self.limits, share)

    def _variants(self, speeds: dict[str, Speed]) -> dict[str, Variant]:
        files = tuple(model_file(self.places.version, path) for path in (WEIGHTS, IR))
        return {
            name: Variant(model=IR, inference_precision=HINTS[name], files=files, speed=speed)
            for name, speed in speeds.items()
        }
