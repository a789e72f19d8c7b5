"""`aibox models`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from appliance.box_config import load_config, repositories
from appliance.commands.console import answers, print_json
from appliance.commands.models_card import card
from appliance.commands.models_import import import_command
from appliance.commands.models_label import label, unlabel
from appliance.commands.models_load import load, refresh, unload, verify
from appliance.commands.models_promote import promote, rollback
from appliance.commands.models_quantize import quantize
from appliance.commands.models_registry import Registered, registered
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from appliance.run_files import read_nodes
from appliance.state_dir import StateDir
from serving.domain.errors import CorruptModel, ModelNotFound
from serving.domain.manifest import MANIFEST_NAME, ModelManifest, read_manifest
from serving.domain.node_report import ServedModel

commands = typer.Typer(help="The models of this box.", no_args_is_help=True, add_completion=False)
commands.command()(card)
commands.command("import")(import_command)
commands.command()(quantize)
commands.command()(verify)
commands.command()(load)
commands.command()(promote)
commands.command()(rollback)
commands.command()(unload)
commands.command()(label)
commands.command()(unlabel)
commands.command()(refresh)


@commands.command("list")
def list_models(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """List every model version on this machine, its state, and in which precision it is served."""
    chosen = load_config(config, state)
    served = _served(chosen.state)
    known = registered(chosen.state)
    rows = [_row(found, served, known) for found in _manifests(repositories(chosen))]
    if as_json:
        print_json(rows)
    elif not rows:
        answers.print("no models; see engine.repositories in `aibox config show`")
    else:
        answers.print(_table(rows))


@commands.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    version: Annotated[int | None, typer.Option(min=1, help="Else the highest.")] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model says of itself: use, data, precision variants, measured accuracy."""
    chosen = load_config(config, state)
    found = [
        manifest
        for manifest in _manifests(repositories(chosen))
        if isinstance(manifest, ModelManifest)
        and manifest.name == name
        and version in (None, manifest.version)
    ]
    if not found:
        raise ModelNotFound(f"no model {name} here; `aibox models list` names those there are")
    manifest = max(found, key=lambda each: each.version)
    if as_json:
        print_json(manifest.model_dump(mode="json"))
    else:
        _print_manifest(manifest)


Broken = tuple[str, CorruptModel]


def _manifests(folders: tuple[Path, ...]) -> Iterator[ModelManifest | Broken]:
    for folder in folders:
        for path in sorted(folder.glob(f"*/*/{MANIFEST_NAME}")):
            try:
                yield read_manifest(path.parent)
            except CorruptModel as error:
                yield f"{path.parent.parent.name}/{path.parent.name}", error


def _served(state: StateDir) -> dict[tuple[str, int], ServedModel]:
    return {(m.name, m.version): m for node in read_nodes(state) for m in node.models}


def _row(
    found: ModelManifest | Broken,
    served: dict[tuple[str, int], ServedModel],
    known: dict[tuple[str, int], Registered],
) -> dict[str, Any]:
    if not isinstance(found, ModelManifest):
        return {"name": found[0], "version": None, "error": found[1].message}
    running = served.get((found.name, found.version))
    registration = known.get((found.name, found.version))
    return {
        "name": found.name,
        "version": found.version,
        "task": found.task,
        "variants": sorted(found.variants),
        "default_variant": found.default_variant,
        "state": registration.state if registration else None,
        "reason": registration.reason if registration else "",
        "labels": list(registration.labels) if registration else [],
        "served": running.model_dump(mode="json") if running else None,
        "disclaimer": found.disclaimer,
        "error": None,
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("model", "version", "state", "labels", "variants", "served as", "compiled as"):
        table.add_column(title)
    for row in rows:
        if row["error"]:
            table.add_row(row["name"], "", "broken", "", row["error"])
            continue
        running = row["served"] or {}
        table.add_row(
            row["name"],
            str(row["version"]),
            row["state"] or "not registered",
            ", ".join(row["labels"]),
            ", ".join(row["variants"]),
            running.get("precision", "not served"),
            running.get("effective_precision", ""),
        )
    return table


def _print_manifest(manifest: ModelManifest) -> None:
    lines = [
        f"{manifest.name} version {manifest.version}: {manifest.task}, {manifest.architecture}",
        f"intended use: {manifest.intended_use}",
        manifest.disclaimer,
        *(f"input   {t.name} {t.datatype} {list(t.shape)}: {t.meaning}" for t in manifest.inputs),
        *(f"output  {t.name} {t.datatype} {list(t.shape)}: {t.meaning}" for t in manifest.outputs),
    ]
    if manifest.training:
        lines.append(f"trained on: {manifest.training.data} ({manifest.training.licence})")
        lines.append(f"split: {manifest.training.split}")
    for name, variant in manifest.variants.items():
        default = ", served by default" if name == manifest.default_variant else ""
        metrics = ", ".join(f"{key} {v:g}" for key, v in variant.metrics.items() if v == v)
        lines.append(f"variant {name}{default}: {variant.inference_precision}; {metrics}")
        lines.append(f"  digest {manifest.digest(name)}")
    lines.append(_self_test(manifest))
    for line in lines:
        answers.print(line, soft_wrap=True, markup=False)


def _self_test(manifest: ModelManifest) -> str:
    test = manifest.self_test
    if test is None:
        return "self-test: none; its answers are not compared when it is loaded"
    allowed = {name: test.tolerances.get(name, test.tolerance) for name in manifest.variants}
    told = ", ".join(f"{name} {tolerance:g}" for name, tolerance in allowed.items())
    return f"self-test: run at every load; allowed distance from the kept answers: {told}"
