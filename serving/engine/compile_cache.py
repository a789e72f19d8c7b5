"""The compiled form of one model, kept on disk and checked before it is used again."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_SUMS = "SHA256SUMS"
_FINDINGS = "findings.json"


class Findings(BaseModel):
    """What a load learnt about a compiled form, so that the next one need not run it for that."""

    model_config = ConfigDict(frozen=True)

    made_by: str
    """Compiler and CPU: another may optimise the same network otherwise."""
    written: frozenset[int]
    """Positions of the outputs that OpenVINO writes into tensors it is given."""
    resident_bytes: int
    """The most that a process grew by: one that has freed memory before grows by less."""


class CompileCache:
    """A folder for OpenVINO's CACHE_DIR.

    OpenVINO takes a kept blob as it is: one flipped bit changes the weights and nothing notices
    (2026.4). So the folder is sealed with digests after it was written, and emptied before use
    where it differs from them. The folder's name holds the model's own digest.
    """

    def __init__(self, root: Path, name: str, version: int, variant: str, digest: str) -> None:
        self.folder = root / f"{name}-{version}-{variant}-{digest[:16]}"

    def check(self) -> None:
        """Empties the folder unless all in it is as it was sealed."""
        if self.folder.exists() and not self._is_as_sealed():
            shutil.rmtree(self.folder, ignore_errors=True)

    def findings(self, made_by: str) -> Findings | None:
        """What that compiler and CPU kept of an earlier load; call after `check`."""
        try:
            found = Findings.model_validate_json((self.folder / _FINDINGS).read_bytes())
        except (OSError, ValueError):
            return None
        return found if found.made_by == made_by else None

    def keep(self, findings: Findings) -> None:
        """Puts them beside the compiled form, if that is as it was sealed. Raises OSError."""
        if self._is_as_sealed():
            (self.folder / _FINDINGS).write_text(findings.model_dump_json(), "ascii")
            self.seal()

    def seal(self) -> None:
        """Writes down what is in the folder; without a folder there is nothing to seal."""
        if self.folder.is_dir():
            scratch = self.folder / f".{_SUMS}"
            scratch.write_text(self._sums(), "ascii")
            scratch.replace(self.folder / _SUMS)

    def _is_as_sealed(self) -> bool:
        try:
            return (self.folder / _SUMS).read_text("ascii") == self._sums()
        except (OSError, UnicodeDecodeError):
            return False

    def _sums(self) -> str:
        lines = []
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and not path.name.endswith(_SUMS):
                with path.open("rb") as file:
                    lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}")
        return "\n".join(lines) + "\n"
