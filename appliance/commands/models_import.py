"""`aibox models import`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from appliance.box_config import load_config
from appliance.commands import import_options as options
from appliance.commands.console import answers, notes, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from provisioning.description import UNDESCRIBED, read_description
from provisioning.importer import ImportRequest, import_model
from serving.domain import slices
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, read_manifest


def import_command(
    path: options.PathArgument,
    name: options.NameOption,
    version: options.VersionOption = None,
    description: options.DescriptionOption = None,
    repository: options.RepositoryOption = None,
    compress_to_fp16: options.Fp16Option = False,
    inputs: options.InputsOption = None,
    shape: options.ShapeOption = None,
    tolerance: options.ToleranceOption = None,
    input_name: options.InputOption = None,
    input_type: options.InputTypeOption = None,
    window_hu: options.WindowOption = None,
    mean: options.MeanOption = None,
    scale: options.ScaleOption = None,
    layout: options.LayoutOption = None,
    calibration: options.CalibrationOption = None,
    validation: options.ValidationOption = None,
    held_out: options.HeldOutOption = None,
    task: options.TaskOption = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a vendor's model, compare it with its source, time it, and add it to this box.

    Nothing pickled is ever loaded, and a file that is broken or hostile leaves nothing behind.
    """
    asked = {
        "name": name,
        "version": version,
        "inputs": inputs,
        "shapes": options.shapes(shape or ()),
        "tolerance": tolerance,
        "compress_to_fp16": compress_to_fp16,
        "embed": options.embedding(input_name, input_type, window_hu, mean, scale, layout),
        "quantise": options.int8(calibration, validation, held_out, task),
        "description": read_description(description) if description else UNDESCRIBED,
    }
    target = repository or _own_repository(config, state)
    with _bar(quiet=as_json or not notes.is_terminal) as report:
        folder = import_model(path, _request(asked), target, report)
    _show(read_manifest(folder), folder, as_json)


def _request(asked: dict[str, Any]) -> ImportRequest:
    try:
        return ImportRequest.model_validate(asked)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{where} is not valid: {first['msg']}") from None


def _own_repository(config: Path | None, state: Path | None) -> Path:
    chosen = load_config(config, state)
    chosen.state.prepare()
    return chosen.state.models


def _show(manifest: ModelManifest, folder: Path, as_json: bool) -> None:
    if as_json:
        print_json(manifest.model_dump(mode="json"))
        return
    lines = [f"{manifest.name} version {manifest.version} is in {folder}"]
    source = manifest.source
    if source and source.parity:
        parity = source.parity
        lines.append(
            f"differs from {parity.reference} by {parity.largest_difference:.2g} at most "
            f"(inputs: {parity.inputs}; tolerance {parity.tolerance:g})"
        )
    elif source:
        lines.append(f"not compared with its source ({source.format})")
    for name, variant in manifest.variants.items():
        default = ", served by default" if name == manifest.default_variant else ""
        lines.append(f"{name:<6} {_speed(variant.speed)}{default}")
    lines.append("a box that is running serves it after its next start (`aibox down`, `aibox up`)")
    for line in lines:
        answers.print(line, soft_wrap=True, markup=False)


def _speed(speed: Any) -> str:
    if speed is None:
        return "not timed"
    shown = ", ".join(f"{name} {list(shape)}" for name, shape in speed.shapes.items())
    return f"{speed.median_ms:.3g} ms, {speed.per_second:.4g} a second for {shown}"


@contextmanager
def _bar(quiet: bool) -> Iterator[slices.Progress]:
    columns = (TextColumn("{task.description:<36}"), BarColumn(), TaskProgressColumn())
    shown = Progress(*columns, TimeElapsedColumn(), console=notes, disable=quiet, transient=True)
    with shown as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda done, stage: progress.update(task, completed=done, description=stage)
