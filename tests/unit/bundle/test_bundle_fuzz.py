"""No byte of a bundle can change: not in its files, not between them, not around them."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bundle_example import ImportPlace, Parts, make_version, new_box, new_vendor, quiet, tree
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisioning.bundle.import_bundle import import_bundle
from provisioning.bundle.signer import Standing
from provisioning.bundle.verify_bundle import verify_bundle
from provisioning.keys import TrustStore
from serving.domain.errors import AiboxError, InvalidRequest

VENDOR = new_vendor()


@pytest.fixture(scope="module")
def whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return Parts.of(make_version(Path(folder)), VENDOR.key).bundle()


@contextmanager
def box() -> Iterator[tuple[ImportPlace, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        yield new_box(Path(folder), VENDOR), Path(folder) / "fuzzed.aibox"


def test_every_byte_counts(whole: bytes) -> None:
    """One bit of each byte in turn; only another key's name may leave a bundle whole, untrusted."""
    draw = random.Random(5)
    with box() as (place, path):
        trust = TrustStore.of(place.state_root)
        for position in range(len(whole)):
            path.write_bytes(_flip(whole, position, 1 << draw.randrange(8)))
            try:
                found = verify_bundle(path, trust, 2**30, quiet)
            except InvalidRequest:
                continue
            assert found.signer.standing is Standing.UNKNOWN, position
            assert b'"key_id":"' in whole[max(0, position - 30) : position], position


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_changed_bundle_is_never_imported(whole: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(whole) - 1))
    mask = data.draw(st.integers(1, 255))
    _refused(_flip(whole, position, mask))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_bundle_that_was_cut_or_grew_is_never_imported(whole: bytes, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(whole) - 1))
    piece = data.draw(st.binary(max_size=600))
    _refused(whole[:position])
    if piece:
        _refused(whole[:position] + piece + whole[position:])
        _refused(whole + piece)
    if piece != whole[position : position + len(piece)]:
        _refused(whole[:position] + piece + whole[position + len(piece) :])


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=4096))
@example(content=b"")
def test_noise_is_never_imported(content: bytes) -> None:
    _refused(content)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_an_unsigned_bundle_comes_in_as_listed_or_not_at_all(
    whole: bytes, data: st.DataObject
) -> None:
    """Without a signature a changed list may be a valid one; then the files are what it says."""
    raw = _unsigned()
    position = data.draw(st.integers(0, len(raw) - 1))
    changed = _flip(raw, position, data.draw(st.integers(1, 255)))
    with tempfile.TemporaryDirectory() as folder:
        place = new_box(Path(folder), allow_unsigned=True)
        path = Path(folder) / "fuzzed.aibox"
        path.write_bytes(changed)
        before = tree(place.state_root)
        try:
            import_bundle(path, place, quiet)
        except AiboxError:
            assert tree(place.state_root) == before
        else:
            assert position < raw.index(b"bundle.sig"), "only the list can be another valid one"


def _unsigned() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return Parts.of(make_version(Path(folder)), None).bundle()


def _refused(content: bytes) -> None:
    with box() as (place, path):
        path.write_bytes(content)
        before = tree(place.state_root)
        with pytest.raises(AiboxError):
            import_bundle(path, place, quiet)
        assert tree(place.state_root) == before


def _flip(content: bytes, position: int, mask: int) -> bytes:
    changed = bytearray(content)
    changed[position] ^= mask
    return bytes(changed)
