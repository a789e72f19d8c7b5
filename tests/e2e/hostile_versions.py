"""Versions of the numbered model that no box may serve, each broken in a way of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

from provisioning.self_test.tensor_file import write_tensors
from tests.e2e.numbered_models import MODEL, X, write
from tests.unit.engine import tiny_models as tiny


def corrupt(repository: Path, version: int) -> Path:
    """Its digests are right, and what they are of is no network."""
    folder = write(repository, version)
    garbage = b'<?xml version="1.0"?>\n<net name="times" version="11"><layers><layer id="0"'
    _exchange(folder, "fp32/model.xml", garbage)
    return folder


def crashing(repository: Path, version: int) -> Path:
    """Takes its process along at the first inference."""
    return tiny.write_version(repository, MODEL, tiny.crashing(), version)


def wrong_answers(repository: Path, version: int) -> Path:
    """Its self-test expects what another version answers."""
    folder = repository / MODEL / str(version)
    (folder / "self_test").mkdir(parents=True)
    lines = []
    for what, arrays in (("inputs", {"x": X}), ("outputs", {"y": X * (version + 1)})):
        path = f"self_test/{what}.npz"
        write_tensors(folder / path, arrays)
        lines.append(f'self_test.{what} = {{path = "{path}", sha256 = "{_digest(folder / path)}"}}')
    return write(repository, version, extra="\n".join(lines) + "\n")


def change_byte(folder: Path) -> None:
    """One bit of its weights, as a disk or an intruder would."""
    weights = folder / "fp32" / "model.bin"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 0x40
    weights.write_bytes(content)


def _exchange(folder: Path, path: str, content: bytes) -> None:
    """Another content of a file, and its digest in the manifest."""
    before = _digest(folder / path)
    (folder / path).write_bytes(content)
    manifest = folder / "model.toml"
    manifest.write_text(manifest.read_text("utf-8").replace(before, _digest(folder / path)))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
