"""A tiny model version, a vendor with a key, a box that trusts them, and tars built by hand."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.bundle.import_bundle import ImportPlace
from provisioning.bundle.settings import TrustSettings
from provisioning.bundle.signature import sign
from provisioning.bundle.tar_block import header
from provisioning.keys import TrustStore
from provisioning.manifest_file import model_file, write_manifest
from serving.domain.manifest import ModelManifest, TensorEntry, Variant
from serving.domain.tensor import Datatype

VENDOR = "Example Vendor"
MIB = 2**20


def quiet(share: float, stage: str) -> None:
    """Progress for nobody."""


def make_version(repository: Path, name: str = "example", version: int = 3) -> Path:
    """A version whose files are only named like an IR: nothing here parses one."""
    folder = repository / name / str(version)
    (folder / "fp32").mkdir(parents=True)
    (folder / "fp32/model.xml").write_bytes(b"<net/>" * 100)
    (folder / "fp32/model.bin").write_bytes(bytes(range(256)) * 4 + name.encode())
    (folder / "empty.txt").touch()
    port = TensorEntry(name="x", datatype=Datatype.FP32, shape=(1, 2), meaning="numbers")
    files = tuple(model_file(folder, f"fp32/model.{kind}") for kind in ("bin", "xml"))
    variant = Variant(model="fp32/model.xml", inference_precision="f32", files=files)
    manifest = ModelManifest(
        name=name, version=version, task="none", architecture="none", intended_use="tests",
        inputs=(port,), outputs=(port,), default_variant="fp32", variants={"fp32": variant},
    )  # fmt: skip
    write_manifest(manifest, folder)
    return folder


@dataclass(frozen=True)
class Vendor:
    """Who signs."""

    key: Ed25519PrivateKey

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.key.public_key().public_bytes_raw()).hexdigest()[:16]


def new_vendor() -> Vendor:
    return Vendor(Ed25519PrivateKey.generate())


def new_box(root: Path, vendor: Vendor | None = None, **settings: Any) -> ImportPlace:
    """A state directory with the vendor's key in its trust folder."""
    state = root / "state"
    (state / "models").mkdir(parents=True)
    if vendor is not None:
        TrustStore.of(state).trust(vendor.key.public_key(), VENDOR)
    return ImportPlace(state, (state / "models",), TrustSettings(**settings))


def tree(folder: Path) -> dict[str, Any]:
    """All that is under a folder: names, modes, targets of links, contents."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        content: Any = None
        if path.is_symlink():
            content = os.readlink(path)  # noqa: PTH115
        elif path.is_file():
            content = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = (facts.st_mode, content)
    return found


Member = tuple[str, bytes]


@dataclass(frozen=True)
class Parts:
    """A bundle taken apart, to be put together wrongly. Nobody signs where `key` is None."""

    listed: dict[str, Any]
    members: tuple[Member, ...]
    key: Ed25519PrivateKey | None

    @classmethod
    def of(cls, folder: Path, key: Ed25519PrivateKey | None) -> Parts:
        home = f"models/{folder.parent.name}/{folder.name}"
        paths = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        members = tuple((f"{home}/{path}", (folder / path).read_bytes()) for path in paths)
        files = [
            {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for path, (_, content) in zip(paths, members, strict=True)
        ]
        model = {"name": folder.parent.name, "version": int(folder.name), "files": files}
        listed = {
            "format": 1, "kind": "model", "made_at": "2026-11-27T10:00:00Z",
            "box_version": "0.1.0", "models": [model], "release": None,
        }  # fmt: skip
        return cls(listed, members, key)

    @property
    def raw(self) -> bytes:
        return json.dumps(self.listed, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    def signature(self, raw: bytes) -> bytes:
        return sign(raw, self.key).canonical()

    def bundle(self, raw: bytes | None = None, signature: bytes | None = None) -> bytes:
        """The tar, with the signature over whatever is given as contents."""
        raw = self.raw if raw is None else raw
        signature = self.signature(raw) if signature is None else signature
        return tar([("bundle.json", raw), ("bundle.sig", signature), *self.members])


def tar(members: Sequence[Member]) -> bytes:
    """Members as `aibox bundle make` lays them out."""
    return b"".join(header(n, len(c)) + padded(c) for n, c in members) + bytes(1024)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def odd_header(name: str, size: int, **fields: Any) -> bytes:
    """A tar header such as other programs, or an attacker, may write."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    for field, value in fields.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)
