"""`aibox models card`: a model version's page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.box_config import load_config, repositories
from appliance.commands.console import answers
from appliance.commands.options import ConfigOption, StateOption
from provisioning.card import render_card, write_card
from serving.domain.errors import InvalidRequest, ModelNotFound
from serving.domain.manifest import MANIFEST_NAME, read_manifest


def card(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    version: Annotated[int | None, typer.Option(min=1, help="Else the highest.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the page here, not beside model.toml.")
    ] = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Write the page of a model: use, data, variants, what each precision costs, limits."""
    folder = _version_folder(repositories(load_config(config, state)), name, version)
    manifest = read_manifest(folder)
    try:
        if out is None:
            path = write_card(folder, manifest)
        else:
            out.write_text(render_card(folder, manifest), "utf-8")
            path = out
    except OSError as error:
        raise InvalidRequest(
            f"the page cannot be written ({error.strerror}); name another place with --out"
        ) from error
    answers.print(str(path), soft_wrap=True, markup=False)


def _version_folder(folders: tuple[Path, ...], name: str, version: int | None) -> Path:
    """The folder of that version, or of the highest one. Raises ModelNotFound."""
    found = {
        int(path.parent.name): path.parent
        for folder in reversed(folders)
        for path in folder.glob(f"*/*/{MANIFEST_NAME}")
        if path.parent.parent.name == name and path.parent.name.isdecimal()
    }
    chosen = max(found, default=None) if version is None else version
    if chosen is None or chosen not in found:
        raise ModelNotFound(f"no such model {name} here; `aibox models list` names those there are")
    return found[chosen]
