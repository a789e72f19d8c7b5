"""A bundle that is not exactly what it should be leaves one sentence and nothing else."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_example import (
    MIB,
    VENDOR,
    ImportPlace,
    Parts,
    Vendor,
    make_version,
    new_box,
    new_vendor,
    quiet,
    tree,
)
from hostile_bundles import CONTENTS, LAYOUT, SIGNATURES

from provisioning.bundle.import_bundle import import_bundle
from provisioning.bundle.settings import TrustSettings
from provisioning.bundle.verify_bundle import verify_bundle
from provisioning.keys import TrustStore
from serving.domain.errors import InvalidRequest

SIGNED = LAYOUT | {f"listed: {name}": each for name, each in CONTENTS.items()}
ALL = SIGNED | {f"signature: {name}": each for name, each in SIGNATURES.items()}
MAX_GB = 1.0


@pytest.fixture
def vendor() -> Vendor:
    return new_vendor()


@pytest.fixture
def parts(tmp_path: Path, vendor: Vendor) -> Parts:
    return Parts.of(make_version(tmp_path / "vendor"), vendor.key)


def refused(path: Path, box: ImportPlace, words: str) -> None:
    """Import and verify say the same in one sentence; the box stays as it was."""
    before = tree(box.state_root)
    with pytest.raises(InvalidRequest, match=words) as caught:
        import_bundle(path, box, quiet)
    assert tree(box.state_root) == before
    message = caught.value.message
    assert "\n" not in message
    assert "Traceback" not in message
    assert len(message) < 400, message


def test_the_parts_put_together_rightly_are_taken_in(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    """Or none of the refusals below would mean anything."""
    path = tmp_path / "good.aibox"
    path.write_bytes(parts.bundle())
    import_bundle(path, new_box(tmp_path, vendor, max_gb=MAX_GB), quiet)
    assert (
        tree(tmp_path / "state/models/example").keys() == tree(tmp_path / "vendor/example").keys()
    )


@pytest.mark.parametrize("name", ALL)
def test_what_a_trusted_key_signed_is_refused(
    tmp_path: Path, vendor: Vendor, parts: Parts, name: str
) -> None:
    make, words = ALL[name]
    path = tmp_path / "hostile.aibox"
    path.write_bytes(make(parts))
    refused(path, new_box(tmp_path, vendor, max_gb=MAX_GB), words)


@pytest.mark.parametrize("name", SIGNED)
def test_the_same_unsigned_is_refused_where_unsigned_ones_are_allowed(
    tmp_path: Path, parts: Parts, name: str
) -> None:
    make, words = SIGNED[name]
    path = tmp_path / "hostile.aibox"
    path.write_bytes(make(replace(parts, key=None)))
    refused(path, new_box(tmp_path, allow_unsigned=True, max_gb=MAX_GB), words)


@pytest.mark.parametrize("name", SIGNED)
def test_verify_refuses_it_too(tmp_path: Path, vendor: Vendor, parts: Parts, name: str) -> None:
    make, words = SIGNED[name]
    path = tmp_path / "hostile.aibox"
    path.write_bytes(make(parts))
    box = new_box(tmp_path, vendor)
    with pytest.raises(InvalidRequest, match=words):
        verify_bundle(path, TrustStore.of(box.state_root), int(MAX_GB * 2**30), quiet)


def test_there_are_enough_of_them() -> None:
    assert len(ALL) >= 25


def test_a_revoked_key_stays_out_even_where_unsigned_ones_are_allowed(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    path = tmp_path / "a.aibox"
    path.write_bytes(parts.bundle())
    box = new_box(tmp_path, vendor, allow_unsigned=True)
    TrustStore.of(box.state_root).revoke(vendor.key_id)
    refused(path, box, f"{vendor.key_id} \\({VENDOR}\\), which was revoked")


def test_a_bundle_changed_after_signing_stays_out_even_where_unsigned_ones_are_allowed(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    make, words = SIGNATURES["changed after signing"]
    path = tmp_path / "a.aibox"
    path.write_bytes(make(parts))
    refused(path, new_box(tmp_path, vendor, allow_unsigned=True), words)


def test_a_damaged_file_of_the_trust_folder_trusts_nobody(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    path = tmp_path / "a.aibox"
    path.write_bytes(parts.bundle())
    box = new_box(tmp_path, vendor)
    other = new_vendor()
    TrustStore.of(box.state_root).trust(other.key.public_key(), "Other")
    trust = box.state_root / "trust"
    (trust / f"{other.key_id}.json").replace(trust / f"{vendor.key_id}.json")
    refused(path, box, "is damaged")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "loop"])
def test_a_thing_that_is_no_file_is_refused(tmp_path: Path, vendor: Vendor, kind: str) -> None:
    path = tmp_path / "thing.aibox"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    refused(path, new_box(tmp_path, vendor), "cannot be read|no plain file")


def test_a_sparse_giant_takes_no_room(tmp_path: Path, vendor: Vendor, parts: Parts) -> None:
    """A file of 3 GiB of holes whose list is right: refused by its size, before a byte of it."""
    listed = parts.listed
    listed["models"][0]["files"][0]["size"] = 3 * 2**30
    path = tmp_path / "giant.aibox"
    path.write_bytes(parts.bundle())
    os.truncate(path, 3 * 2**30 + MIB)
    refused(path, new_box(tmp_path, vendor, max_gb=1.0), "holds 3 GiB, more than the 1 of")


def test_nothing_is_written_before_the_signature_is_known(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    """A folder that was made and removed again would have left its mark on the one above."""
    path = tmp_path / "a.aibox"
    box = new_box(tmp_path, vendor)
    for key, words, untouched in (
        (new_vendor().key, "does not know", True),
        (None, "is not signed", True),
        (vendor.key, "differs from its listed digest", False),
    ):
        path.write_bytes(LAYOUT["a changed byte"][0](replace(parts, key=key)))
        os.utime(box.models, ns=(1, 1))
        refused(path, box, words)
        assert (box.models.stat().st_mtime_ns == 1) == untouched


def test_the_name_of_a_hostile_file_does_not_get_into_the_sentence(
    tmp_path: Path, vendor: Vendor, parts: Parts
) -> None:
    make, _ = LAYOUT["symbolic link"]
    path = tmp_path / "a.aibox"
    path.write_bytes(make(parts))
    with pytest.raises(InvalidRequest) as caught:
        import_bundle(path, new_box(tmp_path, vendor), quiet)
    assert not re.search("passwd", caught.value.message)


def test_settings_refuse_what_makes_no_sense() -> None:
    for value in (0, -1, 1e9, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="max_gb"):
            TrustSettings(max_gb=value)
