"""Finds out what a vendor brought, by content and never by its ending."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provisioning.importer.magic import Kind, kind_of
from provisioning.importer.source_format import SourceFormat
from serving.domain.errors import InvalidRequest

_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class FoundSource:
    """The model inside what was brought: `path` is a file, or the folder of a SavedModel."""

    format: SourceFormat
    path: Path
    archive: Path | None = None
    """What it was unpacked or converted from; the digest is over it."""
    reference: Path | None = None
    """What the source framework runs, where that is not `path`."""

    @property
    def graph_format(self) -> SourceFormat:
        """The format of `path`: an exported program has become an IR on the way."""
        return SourceFormat.OPENVINO if self.reference is not None else self.format

    def digest_of(self, files: Sequence[Path]) -> tuple[list[Path], Path]:
        """The files that the source's digest is over, and the folder that their paths are under."""
        if self.archive is not None:
            return [self.archive], self.archive.parent
        root = self.path if self.path.is_dir() else self.path.parent
        return list(files), root


def find_source(path: Path, unpack: Callable[[Path], Path]) -> FoundSource:
    """The model at `path`; `unpack` makes a folder of an archive. Raises InvalidRequest."""
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        return _in_folder(path)
    if not stat.S_ISREG(mode):
        raise InvalidRequest(f"{path.name} is neither a file nor a folder")
    if kind_of(path) in (Kind.ZIP, Kind.TAR):
        return replace(_in_folder(unpack(path), path.name), archive=path)
    return _as_file(path)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no valid path"
        raise InvalidRequest(f"{path.name} cannot be read: {why}") from None


def _as_file(path: Path) -> FoundSource:
    kind = kind_of(path)
    if kind not in _FORMATS and kind is not Kind.SAVED_MODEL:
        raise InvalidRequest(f"{path.name} is an archive inside another; unpack the outer one")
    if kind is Kind.SAVED_MODEL:
        return FoundSource(SourceFormat.TENSORFLOW, path.parent)
    return FoundSource(_FORMATS[kind], path)


_FORMATS = {
    Kind.ONNX: SourceFormat.ONNX,
    Kind.IR: SourceFormat.OPENVINO,
    Kind.EXPORTED_PROGRAM: SourceFormat.TORCH_EXPORT,
}


def _in_folder(folder: Path, said: str = "") -> FoundSource:
    """The one model in a folder, or in the only folder inside it."""
    entries = _entries(folder)
    if any(entry.name == "saved_model.pb" for entry in entries):
        return FoundSource(SourceFormat.TENSORFLOW, folder)
    models = [entry for entry in entries if entry.suffix.lower() in (".onnx", ".xml", ".pt2")]
    if len(models) == 1 and models[0].is_file():
        return _as_file(models[0])
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return _in_folder(entries[0], said)
    raise InvalidRequest(
        f"{said or folder.name or 'the folder'} holds {len(models) or 'no'} models; "
        "name one ONNX, OpenVINO (.xml), .pt2 file or SavedModel folder"
    )


def _entries(folder: Path) -> list[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InvalidRequest(f"{folder.name} cannot be read: {error.strerror}") from None
    if len(entries) > _MOST_FILES:
        raise InvalidRequest(f"{folder.name} holds {len(entries)} files; it is no model")
    return entries
