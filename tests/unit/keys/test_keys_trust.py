"""The keys that a box trusts: added, revoked, found again, never misread."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.keys import TrustStore
from serving.domain.errors import IllegalTransition, InvalidRequest


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore.of(tmp_path / "state")


def new_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_a_trusted_key_is_found_and_knows_its_signatures(store: TrustStore) -> None:
    key = new_key()
    trusted = store.trust(key.public_key(), "Vendor Ltd.")
    assert store.find(trusted.key_id) == trusted
    assert trusted.signed(b"content", key.sign(b"content"))
    assert not trusted.signed(b"other", key.sign(b"content"))
    assert not trusted.signed(b"content", new_key().sign(b"content"))
    assert not trusted.signed(b"content", b"")


def test_nobody_is_trusted_at_first(store: TrustStore) -> None:
    assert store.all() == []
    assert store.find("0" * 16) is None
    assert not store.folder.exists()


def test_the_folder_is_its_owners_alone(store: TrustStore) -> None:
    trusted = store.trust(new_key().public_key(), "a")
    path = store.folder / f"{trusted.key_id}.json"
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in store.folder.iterdir()] == [path.name]


def test_a_revoked_key_stays_known_and_revoked(store: TrustStore) -> None:
    key = new_key().public_key()
    trusted = store.trust(key, "a")
    revoked = store.revoke(trusted.key_id)
    assert revoked.revoked_at is not None
    assert store.find(trusted.key_id) == revoked
    assert store.revoke(trusted.key_id) == revoked
    with pytest.raises(IllegalTransition, match="was revoked here"):
        store.trust(key, "a")
    assert store.find(trusted.key_id) == revoked


def test_a_revoked_key_is_taken_back_when_that_is_said(store: TrustStore) -> None:
    key = new_key().public_key()
    store.revoke(store.trust(key, "a").key_id)
    assert store.trust(key, "a", again=True).revoked_at is None


def test_trusting_twice_is_no_error_and_takes_the_new_name(store: TrustStore) -> None:
    key = new_key().public_key()
    store.trust(key, "old")
    store.trust(key, "new")
    assert [each.name for each in store.all()] == ["new"]


def test_all_come_in_the_order_of_their_trust(store: TrustStore) -> None:
    names = [f"vendor {number}" for number in range(5)]
    for name in names:
        store.trust(new_key().public_key(), name)
    (store.folder / "signatures").mkdir()
    (store.folder / "notes.json").write_text("not a key")
    assert [each.name for each in store.all()] == names


@pytest.mark.parametrize("key_id", ["", "../../x", "0" * 15, "0" * 17, "G" * 16, "0" * 16 + "\n"])
def test_what_is_no_id_is_no_key(store: TrustStore, key_id: str) -> None:
    store.trust(new_key().public_key(), "a")
    assert store.find(key_id) is None
    with pytest.raises(InvalidRequest, match="no such key here"):
        store.revoke(key_id)


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 65, "\x1b[2J", "ü"])
def test_a_name_is_plain_text(store: TrustStore, name: str) -> None:
    with pytest.raises(InvalidRequest, match="--name"):
        store.trust(new_key().public_key(), name)
    assert not store.folder.exists()


def test_a_file_that_is_no_key_or_another_is_damaged(store: TrustStore) -> None:
    one, two = (store.trust(new_key().public_key(), name) for name in ("one", "two"))
    path = store.folder / f"{one.key_id}.json"
    good = json.loads(path.read_text())
    for content in (
        "", "{", "[]", json.dumps(good | {"public_key": two.public_key}),
        json.dumps(good | {"public_key": good["public_key"][:-4]}),
        json.dumps(good | {"public_key": "!"}), json.dumps(good | {"trusted_at": "never"}),
        json.dumps(good | {"extra": 1}),
    ):  # fmt: skip
        path.write_text(content)
        with pytest.raises(InvalidRequest, match="is damaged"):
            store.find(one.key_id)
        assert store.find(two.key_id) == two
