"""Build a network of the zoo and import it into a model repository; torch only when it runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from provisioning.importer.import_model import import_model
from provisioning.importer.request import ImportRequest
from provisioning.quantise.request import QuantiseRequest
from provisioning.quantise.stage import within
from provisioning.zoo.catalogue import SEED, find, missing_torch
from provisioning.zoo.entry import ZooEntry
from provisioning.zoo.kept_files import ExportFormat, KeptFiles
from serving.domain.slices import Progress

EXPORT_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """Which network, from which seed, through which format; `keep` is a folder for the files."""

    name: str
    seed: int = SEED
    form: ExportFormat = ExportFormat.ONNX
    keep: Path | None = None
    int8: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """The new version's folder, and how far each exported file is from torch eager."""

    folder: Path
    differences: dict[str, float]


def build(request: BuildRequest, repository: Path, report: Progress) -> Built:
    """Exports, checks and imports as one more version of the model `request.name`.

    Raises InvalidRequest for a name that the zoo does not have or without torch, CorruptModel
    where an exported file does not compute what torch does, and what `import_model` raises.
    """
    entry = find(request.name)
    if find_spec("torch") is None:
        raise missing_torch()
    with _folder(request) as folder:
        files = KeptFiles(folder)
        differences = export_files(entry, request, files, within(report, 0.0, EXPORT_SHARE))
        version = import_model(
            files.model(request.form),
            _import_request(entry, request, files),
            repository,
            within(report, EXPORT_SHARE, 1.0),
        )
    return Built(version, differences)


def export_files(
    entry: ZooEntry, request: BuildRequest, files: KeptFiles, report: Progress
) -> dict[str, float]:
    """Fills the folder, with both formats where it is kept; returns the differences to torch."""
    formats = tuple(ExportFormat) if request.keep else (request.form,)
    files.folder.mkdir(parents=True, exist_ok=True)
    files.write_description(entry.description)
    if request.int8 or request.keep:
        files.write_calibration(entry, request.seed)
    exporter = import_module("provisioning.zoo.exporter")
    found = exporter.export(entry, request.seed, formats, files, report)
    return {form.value: difference for form, difference in found.items()}


def _import_request(entry: ZooEntry, request: BuildRequest, files: KeptFiles) -> ImportRequest:
    return ImportRequest(
        name=entry.name,
        description=entry.description,
        inputs=files.inputs,
        shapes={entry.input.name: entry.input.example},
        quantise=QuantiseRequest(calibration=files.calibration) if request.int8 else None,
    )


@contextmanager
def _folder(request: BuildRequest) -> Iterator[Path]:
    if request.keep is not None:
        yield request.keep / request.name
        return
    with tempfile.TemporaryDirectory(prefix="aibox-zoo-") as folder:
        yield Path(folder)
