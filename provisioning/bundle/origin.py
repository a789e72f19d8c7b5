"""Where a version of this box came from: `<state>/trust/signatures/<model>-<version>.json`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from provisioning.bundle.contents import Number
from provisioning.keys.key_pair import KeyId
from provisioning.keys.small_file import make_private_folder, write_whole
from provisioning.keys.trusted_key import SignerName
from serving.domain.manifest import MANIFEST_NAME, Name
from serving.domain.provenance import Sha256

_NAMES: TypeAdapter[str] = TypeAdapter(Name)


class Origin(BaseModel):
    """The bundle that a version came in, and who vouched for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    version: Number
    manifest_sha256: Sha256
    """Of the `model.toml` that was signed, and with it every file of the version."""
    bundle_sha256: Sha256
    key_id: KeyId | None
    """None: the box took it in although nobody that it trusts had signed it."""
    signer: SignerName | None
    """What the operator called that key then."""
    imported_at: AwareDatetime

    @property
    def signed(self) -> bool:
        return self.key_id is not None


def read_origin(state_root: Path, name: str, version: int) -> Origin | None:
    """The origin of a version in `<state>/models`.

    None where it came in no bundle, and where its manifest is not the one that was signed. Whether
    the key is still trusted, `TrustStore` says.
    """
    try:
        _NAMES.validate_python(name)
        found = Origin.model_validate_json(origin_path(state_root, name, version).read_bytes())
        manifest = state_root / "models" / name / str(version) / MANIFEST_NAME
        present = hashlib.sha256(manifest.read_bytes()).hexdigest()
    except (OSError, ValidationError):
        return None
    same = (found.name, found.version, found.manifest_sha256) == (name, version, present)
    return found if same else None


def write_origin(state_root: Path, origin: Origin) -> Path:
    """Keeps the origin of a version; returns its file. Raises OSError."""
    path = origin_path(state_root, origin.name, origin.version)
    make_private_folder(path.parent)
    write_whole(path, origin.model_dump_json(indent=2).encode() + b"\n")
    return path


def origin_path(state_root: Path, name: str, version: int) -> Path:
    """A version is a number without a dash, so no two versions share a file."""
    return state_root / "trust" / "signatures" / f"{name}-{version}.json"
