"""Releases that came in bundles, for the registry to find: `<state>/releases/<name>@<n>.json`."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from provisioning.keys.small_file import make_private_folder, write_whole
from serving.domain.errors import InvalidRequest, ModelNotFound
from serving.domain.model_set import MODEL_SET_NAME, Release, read_model_set


def release_path(state_root: Path, reference: str) -> Path:
    """`reference` is `name@version`."""
    return state_root / "releases" / f"{reference}.json"


def read_release(state_root: Path, reference: str) -> Release | None:
    """A release of this box: one that came in a bundle, else one that serves.

    Raises InvalidRequest where its file is damaged, CorruptModel where the model set is.
    """
    folder = state_root / "releases"
    present = {path.name: path for path in folder.glob("*@*.json")}
    path = present.get(f"{reference}.json")
    if path is None:
        served = read_model_set(state_root / MODEL_SET_NAME)
        return served.release(reference) if served else None
    try:
        found = Release.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        found = None
    if found is None or found.reference != reference:
        raise InvalidRequest(f"releases/{path.name} is damaged; remove it and import it again")
    return found


def find_release(state_root: Path, reference: str) -> Release:
    """The same. Raises ModelNotFound where there is none."""
    found = read_release(state_root, reference)
    if found is None:
        raise ModelNotFound("no such release here; name one of this box as NAME@VERSION")
    return found


def write_release(state_root: Path, release: Release) -> Path:
    """Keeps a release; returns its file. Raises OSError."""
    path = release_path(state_root, release.reference)
    make_private_folder(path.parent)
    write_whole(path, release.model_dump_json(indent=2).encode() + b"\n")
    return path
