"""Study UIDs in the log: a keyed hash, which nobody without the key can tie to a study."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from serving.audit.head import PRIVATE
from serving.audit.refusal import in_one_sentence
from serving.domain.disk import sync
from serving.domain.errors import AuditUnavailable

KEY_NAME = "study.key"
_KEY_BYTES = 32
_HASH_DIGITS = 32
"""128 bits of HMAC-SHA256."""


class StudyHasher:
    """Hashes study UIDs under the key in one file, which the first process of the box makes.

    A plain hash would not do: UIDs can be guessed from a scanner's counter and the date.
    """

    def __init__(self, path: Path) -> None:
        """Reads the key, or makes it. Raises AuditUnavailable."""
        with in_one_sentence("written"):
            self._key = _read(path) or _make(path)

    def hash(self, uid: str) -> str:
        """32 hexadecimal digits; DICOM's padding of the UID does not matter."""
        plain = uid.rstrip("\0 ").encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, plain, "sha256").hex()[:_HASH_DIGITS]


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_KEY_BYTES * 4)
    except FileNotFoundError:
        return None
    if mode & 0o077:
        raise AuditUnavailable(f"{path.name} may be read by others; `chmod 600` it, or renew it")
    with contextlib.suppress(ValueError):
        key = bytes.fromhex(text.decode("ascii"))
        if len(key) == _KEY_BYTES:
            return key
    # A new key would make the studies in the log unknown without a word.
    raise AuditUnavailable(f"{path.name} holds no key; bring it back from a backup, or remove it")


def _make(path: Path) -> bytes:
    """A key of 256 random bits. Where another process was faster, that one's."""
    scratch = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(scratch, flags, PRIVATE), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES) + "\n")
    try:
        sync(scratch)
        with contextlib.suppress(FileExistsError):
            # A link, unlike a rename, never replaces a key that is there.
            path.hardlink_to(scratch)
    finally:
        scratch.unlink()
    sync(path.parent)
    return _read(path) or _make(path)
