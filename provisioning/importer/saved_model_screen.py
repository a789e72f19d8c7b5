"""What a TensorFlow SavedModel must be before a converter sees it: plain files in one folder."""

from __future__ import annotations

from pathlib import Path

from serving.domain.errors import InvalidRequest

_MOST_FILES = 10_000


def screen_saved_model(folder: Path) -> tuple[Path, ...]:
    """Its files. Raises InvalidRequest."""
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InvalidRequest(f"{folder.name} holds a link or a device; copy plain files only")
        if path.is_file():
            files.append(path)
    if len(files) > _MOST_FILES:
        raise InvalidRequest(f"{folder.name} holds {len(files)} files; it is no model")
    if not (folder / "saved_model.pb").stat().st_size:
        raise InvalidRequest("saved_model.pb is empty")
    indices = [
        path for path in files if path.parent.name == "variables" and path.suffix == ".index"
    ]
    for index in indices:
        if not any(path.name.startswith(f"{index.stem}.data-") for path in files):
            raise InvalidRequest(f"the data of {index.name} are missing in the folder variables")
    return tuple(files)
