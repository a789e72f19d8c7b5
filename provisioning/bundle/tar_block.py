"""The tar around the files, to the bit: what a header must be, and what is wrong with another.

Owner, mode and time are fixed, so that a bundle's list of contents determines each of its bytes
but those of the files, whose digests it holds. A reader then compares and never interprets.
"""

from __future__ import annotations

import re
import tarfile

from serving.domain.errors import InvalidRequest

BLOCK = 512
END = bytes(2 * BLOCK)
"""What stands after the last file; nothing follows."""
_MODE = 0o600
_SIZE = slice(124, 136)
_SIZE_FIELD = re.compile(rb"[0-7]{11}\0")
_EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
               tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)  # fmt: skip


def header(name: str, size: int) -> bytes:
    """The one header of a file. Raises InvalidRequest for a path that no POSIX tar can name."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, _MODE
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except ValueError:
        raise InvalidRequest(
            f"the path of a file is too long for a bundle: {len(name)} characters; shorten it"
        ) from None


def padding(size: int) -> int:
    """How many zeros fill up the last block of a file."""
    return -size % BLOCK


def taken(size: int) -> int:
    """How many bytes of the tar a file takes, its header among them."""
    return BLOCK + size + padding(size)


def declared_size(block: bytes) -> int | None:
    """What a header says of its file's size; None where that is no plain number."""
    field = block[_SIZE]
    return int(field[:-1], 8) if _SIZE_FIELD.fullmatch(field) else None


def what_stands(block: bytes, name: str, size: int | None) -> str:
    """What is there, in words, where the header of `name` should be; `size` where it is known."""
    if not any(block):
        return "nothing stands"
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return "no tar header stands"
    return _kind(info) or _path(info.name, name) or _length(info.size, size)


def _kind(info: tarfile.TarInfo) -> str | None:
    if info.issym() or info.islnk():
        return "a link stands"
    if info.isdev():
        return "a device or a pipe stands"
    if info.type == tarfile.GNUTYPE_SPARSE:
        return "a file with holes stands"
    if info.type in _EXTENSIONS:
        return "an extended header stands"
    if info.isdir():
        return "a folder stands"
    return None if info.type == tarfile.REGTYPE else "something that is no plain file stands"


def _path(found: str, expected: str) -> str | None:
    if found.startswith("/") or ".." in found.split("/"):
        return "a path that leads out of the bundle stands"
    return None if found == expected else "another file stands"


def _length(found: int, expected: int | None) -> str:
    if expected is not None and found != expected:
        return f"a file of {found} bytes instead of {expected} stands"
    return "a header that `aibox bundle make` never writes stands"
