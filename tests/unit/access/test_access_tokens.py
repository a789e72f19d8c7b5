"""Tokens: made, kept as digests, checked, ended; a file that is not to be trusted opens nothing."""

from __future__ import annotations

import json
import os
import stat
import string
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.access.token import id_of, make_id, make_secret
from serving.access.token_file import TokenFile
from serving.access.token_gate import TokenGate
from serving.domain.access import LOCAL, Permission, Role
from serving.domain.errors import IllegalTransition, InvalidRequest, Unauthenticated


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def file(path: Path) -> TokenFile:
    return TokenFile(path)


@pytest.fixture
def gate(path: Path) -> TokenGate:
    return TokenGate(path, required=True, recheck_s=0)


def test_a_token_names_its_holder(file: TokenFile, gate: TokenGate) -> None:
    secret = file.issue("pacs", Role.OPERATOR).secret
    caller = gate.identify(secret)
    assert (caller.name, caller.role) == ("pacs", "operator")
    assert Permission.ANALYZE in caller.permissions
    assert Permission.INTERNAL not in caller.permissions


def test_the_secret_is_nowhere_on_the_disk(file: TokenFile, path: Path) -> None:
    issued = file.issue("pacs", Role.VIEWER)
    random_part = issued.secret.rpartition("_")[2]
    assert all(random_part not in f.read_text() for f in path.parent.iterdir())
    assert issued.secret not in repr(issued)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("required", [True, False])
def test_a_token_that_is_sent_is_always_checked(
    path: Path, file: TokenFile, required: bool
) -> None:
    secret = file.issue("pacs", Role.VIEWER).secret
    gate = TokenGate(path, required=required, recheck_s=0)
    assert gate.identify(secret).name == "pacs"
    another = make_secret(secret.split("_")[1])
    for wrong in (
        another,
        secret[:-1],
        secret + "a",
        secret.upper(),
        "",
        " ",
        make_secret("0" * 10),
    ):
        with pytest.raises(Unauthenticated) as refusal:
            gate.identify(wrong)
        assert wrong.strip() == "" or wrong not in refusal.value.message


def test_without_a_token(path: Path) -> None:
    assert TokenGate(path, required=False, recheck_s=0).identify(None) is LOCAL
    with pytest.raises(Unauthenticated, match="asks for a token"):
        TokenGate(path, required=True, recheck_s=0).identify(None)


def test_a_revoked_token_ends_with_the_next_call(file: TokenFile, gate: TokenGate) -> None:
    old, new = file.issue("pacs", Role.OPERATOR), file.issue("pacs", Role.OPERATOR)
    assert gate.identify(old.secret).name == gate.identify(new.secret).name
    file.revoke(old.token.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.identify(old.secret)
    assert gate.identify(new.secret).name == "pacs"
    file.revoke("pacs")
    with pytest.raises(Unauthenticated, match="revoked"):
        gate.identify(new.secret)
    assert [token.revoked_at is not None for token in file.tokens()] == [True, True]
    with pytest.raises(InvalidRequest, match="no live token"):
        file.revoke("pacs")


def test_a_token_ends_at_its_hour(path: Path, file: TokenFile) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    secret = file.issue("pacs", Role.VIEWER, end).secret
    now = end.timestamp() - 0.001
    gate = TokenGate(path, required=False, recheck_s=0, clock=lambda: now)
    assert gate.identify(secret).name == "pacs"
    now = end.timestamp()
    with pytest.raises(Unauthenticated, match="expired"):
        gate.identify(secret)


def test_a_name_keeps_its_role(file: TokenFile) -> None:
    file.issue("pacs", Role.VIEWER)
    with pytest.raises(IllegalTransition, match="another role"):
        file.issue("pacs", Role.OPERATOR)
    file.revoke("pacs")
    file.issue("pacs", Role.OPERATOR)


@pytest.mark.parametrize("name", ["local", "box", "", "Pacs", "1234567890", "a b", "a" * 65, "a\n"])
def test_names_that_are_refused(file: TokenFile, path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest):
        file.issue(name, Role.VIEWER)
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"tokens": [{"id": "1"}]}', b"\xff", b'{"more": 1}']
)
def test_a_damaged_file_opens_nothing_until_it_is_restored(
    path: Path, file: TokenFile, gate: TokenGate, content: bytes
) -> None:
    secret = file.issue("pacs", Role.VIEWER).secret
    whole = path.read_bytes()
    assert gate.identify(secret)
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="damaged"):
            gate.identify(secret)
    with pytest.raises(Unauthenticated, match="damaged"):
        file.issue("ris", Role.VIEWER)
    assert path.read_bytes() == content
    path.write_bytes(whole)
    assert gate.identify(secret).name == "pacs"


def test_a_file_that_others_may_write_opens_nothing(
    path: Path, file: TokenFile, gate: TokenGate
) -> None:
    secret = file.issue("pacs", Role.VIEWER).secret
    path.chmod(0o620)
    with pytest.raises(Unauthenticated, match="others than its owner"):
        gate.identify(secret)
    path.chmod(0o600)
    assert gate.identify(secret).name == "pacs"


def test_a_file_that_is_gone_knows_nobody(path: Path, file: TokenFile, gate: TokenGate) -> None:
    secret = file.issue("pacs", Role.VIEWER).secret
    assert gate.identify(secret)
    path.unlink()
    with pytest.raises(Unauthenticated):
        gate.identify(secret)


def test_a_scratch_file_left_by_a_crash_is_no_hindrance(path: Path, file: TokenFile) -> None:
    scratch = path.with_suffix(".new")
    target = path.parent / "elsewhere"
    scratch.symlink_to(target)
    file.issue("pacs", Role.VIEWER)
    assert not target.exists()
    assert not path.is_symlink()


def test_writers_at_once_lose_nothing(path: Path) -> None:
    def issue(number: int) -> None:
        TokenFile(path).issue(f"system{number}", Role.VIEWER)

    threads = [threading.Thread(target=issue, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {t.name for t in TokenFile(path).tokens()} == {f"system{n}" for n in range(12)}
    assert len(json.loads(path.read_text())["tokens"]) == 12
    assert not path.with_suffix(".new").exists()


@given(st.text(string.printable + "é٣\udc80", max_size=80))
def test_hostile_tokens(text: str) -> None:
    gate = TokenGate(Path(os.devnull) / "none", required=False, recheck_s=0)
    with pytest.raises(Unauthenticated):
        gate.identify(text)


def test_a_secret_has_its_id() -> None:
    token_id = make_id()
    assert id_of(make_secret(token_id)) == token_id
    assert id_of(make_secret(token_id) + "\n") is None
    assert id_of(f"aibox_{'٣' * 10}_{'a' * 43}") is None
