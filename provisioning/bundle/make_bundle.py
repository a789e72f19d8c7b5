"""Makes a bundle from model versions, and from a release."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from provisioning.bundle import tar_block
from provisioning.bundle.contents import FORMAT, BundledFile, Contents
from provisioning.bundle.list_version import list_version
from provisioning.bundle.reader import CONTENTS_NAME, SIGNATURE_NAME, member_name
from provisioning.bundle.signature import sign
from provisioning.keys.small_file import PRIVATE_FILE, unwritable
from serving.domain.disk import sync
from serving.domain.errors import InvalidRequest
from serving.domain.model_set import Release
from serving.domain.slices import Progress

_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class BundleOrder:
    """What goes into a bundle."""

    versions: tuple[Path, ...]
    """Folders `<name>/<version>`; in a bundle of a release at least all that it runs with."""
    release: Release | None
    box_version: str


def make_bundle(
    order: BundleOrder, key: Ed25519PrivateKey | None, out: Path, report: Progress
) -> Contents:
    """Writes a bundle, whole or not at all, replacing nothing; unsigned without a key.

    Raises InvalidRequest, and CorruptModel where a version is not what its manifest says.
    """
    if out.exists():
        raise InvalidRequest(f"{out.name} is there already; choose another name")
    report(0.0, "taking digests")
    folders = {(path.parent.name, int(path.name)): path for path in order.versions}
    contents = _contents(order, folders)
    scratch = out.with_name(f".{out.name}.{secrets.token_hex(8)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(scratch, flags, PRIVATE_FILE), "wb") as stream:
            _write(contents, key, folders, stream, report)
        sync(scratch)
        scratch.rename(out)
        sync(out.parent)
    except BrokenPipeError:  # whoever was told of progress has gone
        raise
    except OSError as error:
        raise unwritable(out, error) from None
    finally:
        scratch.unlink(missing_ok=True)
    return contents


def _contents(order: BundleOrder, folders: dict[tuple[str, int], Path]) -> Contents:
    models = tuple(list_version(folders[key]) for key in sorted(folders))
    try:
        return Contents(
            format=FORMAT,
            kind="model" if order.release is None else "release",
            made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            box_version=order.box_version,
            models=models,
            release=order.release,
        )
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InvalidRequest(f"this makes no bundle: {reason}") from None


def _write(
    contents: Contents,
    key: Ed25519PrivateKey | None,
    folders: dict[tuple[str, int], Path],
    stream: BinaryIO,
    report: Progress,
) -> None:
    raw = contents.canonical()
    _add(stream, CONTENTS_NAME, raw)
    _add(stream, SIGNATURE_NAME, sign(raw, key).canonical())
    done = 0
    for model, file in contents.members:
        report(done / max(1, contents.size_bytes), f"packing {model.title}")
        stream.write(tar_block.header(member_name(model, file), file.size))
        _copy(folders[model.key] / file.path, file, stream)
        stream.write(bytes(tar_block.padding(file.size)))
        done += file.size
    stream.write(tar_block.END)
    report(1.0, "packed")


def _add(stream: BinaryIO, name: str, content: bytes) -> None:
    stream.write(tar_block.header(name, len(content)))
    stream.write(content)
    stream.write(bytes(tar_block.padding(len(content))))


def _copy(source: Path, file: BundledFile, stream: BinaryIO) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            stream.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise InvalidRequest(f"{source.name} changed while it was packed; try again")
