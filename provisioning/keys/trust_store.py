"""The keys that this box trusts: `<state>/trust/<key_id>.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from provisioning.keys.key_pair import key_id
from provisioning.keys.small_file import make_private_folder, unwritable, write_whole
from provisioning.keys.trusted_key import TrustedKey
from serving.domain.errors import IllegalTransition, InvalidRequest

_KEY_FILE = re.compile(r"[0-9a-f]{16}\.json")


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Reads its folder at each question, so that a key just revoked counts at once."""

    folder: Path

    @classmethod
    def of(cls, state_root: Path) -> TrustStore:
        """That of a box's state directory."""
        return cls(state_root / "trust")

    def find(self, wanted: str) -> TrustedKey | None:
        """A key by its id, a revoked one too. Raises InvalidRequest where its file is damaged."""
        path = self.folder / f"{wanted}.json"
        if not _KEY_FILE.fullmatch(path.name):
            return None
        try:
            found = TrustedKey.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            found = None
        if found is None or found.key_id != wanted:
            raise InvalidRequest(
                f"trust/{path.name} is damaged; remove it and run `aibox keys trust` again"
            )
        return found

    def all(self) -> list[TrustedKey]:
        """Every key, the oldest first. Raises InvalidRequest where a file is damaged."""
        names = (path.name for path in self.folder.glob("*.json"))
        ids = [name.removesuffix(".json") for name in names if _KEY_FILE.fullmatch(name)]
        found = [key for key in map(self.find, ids) if key is not None]
        return sorted(found, key=lambda key: (key.trusted_at, key.key_id))

    def trust(self, key: Ed25519PublicKey, name: str, again: bool = False) -> TrustedKey:
        """Trusts a key from now on; with `again` one that was revoked too.

        Raises InvalidRequest, and IllegalTransition for a key that was revoked.
        """
        known = self.find(key_id(key))
        if known is not None and known.revoked_at is not None and not again:
            raise IllegalTransition(
                f"the key {known.key_id} was revoked here; `aibox keys trust --again` takes it "
                "back, if its owner can say that nobody else has it"
            )
        try:
            wanted = TrustedKey.of(key, name, datetime.now(UTC))
        except ValidationError:
            raise InvalidRequest(
                "the name of a key's owner is 1 to 64 printable ASCII characters; give --name"
            ) from None
        return self._write(wanted)

    def revoke(self, wanted: str) -> TrustedKey:
        """Refuses from now on all that this key signed. Raises InvalidRequest."""
        known = self.find(wanted)
        if known is None:
            raise InvalidRequest("no such key here; `aibox keys list` names those there are")
        if known.revoked_at is not None:
            return known
        return self._write(known.model_copy(update={"revoked_at": datetime.now(UTC)}))

    def _write(self, key: TrustedKey) -> TrustedKey:
        path = self.folder / f"{key.key_id}.json"
        try:
            make_private_folder(self.folder)
            write_whole(path, key.model_dump_json(indent=2).encode() + b"\n")
        except OSError as error:
            raise unwritable(path, error) from None
        return key
