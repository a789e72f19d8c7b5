"""Reads a bundle from its first byte to its last, once, and believes nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from provisioning.bundle import tar_block
from provisioning.bundle.contents import BundledFile, BundledModel, Contents, parse_contents
from provisioning.bundle.signature import parse_signature
from provisioning.bundle.signer import Signer, identify
from provisioning.keys import TrustStore
from provisioning.keys.small_file import open_plain
from serving.domain.errors import InvalidRequest

CONTENTS_NAME = "bundle.json"
SIGNATURE_NAME = "bundle.sig"
_MOST_CONTENTS = 4 * 2**20
_MOST_SIGNATURE = 4096
_CHUNK = 2**20

Sink = Callable[[bytes], object]
"""Takes the next bytes of a file."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the files."""

    contents: Contents
    signer: Signer


def member_name(model: BundledModel, file: BundledFile) -> str:
    """Where a file is in the bundle."""
    return f"models/{model.name}/{model.version}/{file.path}"


def bundle_size(contents: Contents, contents_size: int, signature_size: int) -> int:
    """How long the whole bundle is, in bytes."""
    head = tar_block.taken(contents_size) + tar_block.taken(signature_size)
    return head + sum(tar_block.taken(f.size) for _, f in contents.members) + len(tar_block.END)


@contextmanager
def open_bundle(path: Path) -> Iterator[BundleReader]:
    """A reader at the beginning of the file. Raises InvalidRequest."""
    with open_plain(path) as stream:
        yield BundleReader(stream, path.name)


class BundleReader:
    """`head` first, then `copy` of each member in its order, then `finish`."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all that was read; after `finish`, of the bundle."""
        return self._digest.hexdigest()

    def head(self, trust: TrustStore, max_bytes: int) -> Head:
        """The contents, believed only once the signature was looked at. Raises InvalidRequest."""
        raw = self._small_file(CONTENTS_NAME, _MOST_CONTENTS)
        signature = self._small_file(SIGNATURE_NAME, _MOST_SIGNATURE)
        signer = identify(parse_signature(signature, self.name), raw, trust, self.name)
        contents = parse_contents(raw, self.name)
        if contents.size_bytes > max_bytes:
            raise InvalidRequest(
                f"{self.name} holds {contents.size_bytes / 2**30:.3g} GiB, more than the "
                f"{max_bytes / 2**30:.3g} of trust.max_gb; raise that setting if this is right"
            )
        self._require_length(bundle_size(contents, len(raw), len(signature)))
        return Head(contents, signer)

    def copy(self, model: BundledModel, file: BundledFile, sink: Sink) -> None:
        """Hands the file's bytes on, listed size at most. Raises InvalidRequest.

        Only once this returns are they known to be those of the listed digest.
        """
        name = member_name(model, file)
        self._require_header(name, file.size, self._read(tar_block.BLOCK))
        digest = hashlib.sha256()
        left = file.size
        while left:
            chunk = self._read(min(left, _CHUNK))
            digest.update(chunk)
            sink(chunk)
            left -= len(chunk)
        if digest.hexdigest() != file.sha256:
            raise InvalidRequest(
                f"{name} of {self.name} differs from its listed digest; get the bundle anew"
            )
        self._require_zeros(tar_block.padding(file.size))

    def finish(self) -> None:
        """Raises InvalidRequest unless the bundle ends here."""
        self._require_zeros(len(tar_block.END))
        if self._stream.read(1):
            raise self._longer()

    def _small_file(self, name: str, most: int) -> bytes:
        block = self._read(tar_block.BLOCK)
        size = tar_block.declared_size(block)
        if size is None:
            raise self._misplaced(name, block, None)
        self._require_header(name, size, block)
        if size > most:
            raise InvalidRequest(f"the {name} of {self.name} is too long; this is no bundle")
        content = self._read(size)
        self._require_zeros(tar_block.padding(size))
        return content

    def _require_header(self, name: str, size: int, block: bytes) -> None:
        if block != tar_block.header(name, size):
            raise self._misplaced(name, block, size)

    def _misplaced(self, name: str, block: bytes, size: int | None) -> InvalidRequest:
        what = tar_block.what_stands(block, name, size)
        return InvalidRequest(
            f"{self.name} is no bundle, or damaged: {what} where {name} should be; get it anew"
        )

    def _require_length(self, expected: int) -> None:
        """Known before a byte is written: no room is taken for a bundle that is not all there."""
        found = os.fstat(self._stream.fileno()).st_size
        if found < expected:
            raise self._shorter()
        if found > expected:
            raise self._longer()

    def _require_zeros(self, size: int) -> None:
        if any(self._read(size)):
            raise InvalidRequest(
                f"{self.name} holds bytes between its files that belong to none; get it anew"
            )

    def _read(self, size: int) -> bytes:
        try:
            found = self._stream.read(size)
        except OSError as error:
            raise InvalidRequest(f"{self.name} cannot be read: {error.strerror}") from None
        if len(found) < size:
            raise self._shorter()
        self._digest.update(found)
        return found

    def _shorter(self) -> InvalidRequest:
        return InvalidRequest(f"{self.name} is cut off; copy it again")

    def _longer(self) -> InvalidRequest:
        return InvalidRequest(f"{self.name} goes on after its end; get the bundle anew")
