"""The compiled form of one model, kept on disk and checked before it is used again."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

_SUMS = "SHA256SUMS"


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
        if not self.folder.exists():
            return
        try:
            sealed = (self.folder / _SUMS).read_text("ascii")
        except (OSError, UnicodeDecodeError):
            sealed = None
        if sealed != self._sums():
            shutil.rmtree(self.folder, ignore_errors=True)

    def seal(self) -> None:
        """Writes down what is in the folder; without a folder there is nothing to seal."""
        if self.folder.is_dir():
            scratch = self.folder / f".{_SUMS}"
            scratch.write_text(self._sums(), "ascii")
            scratch.replace(self.folder / _SUMS)

    def _sums(self) -> str:
        lines = []
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and not path.name.endswith(_SUMS):
                with path.open("rb") as file:
                    lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}")
        return "\n".join(lines) + "\n"
