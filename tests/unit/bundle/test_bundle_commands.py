"""`aibox keys` and `aibox bundle` as a vendor and an operator use them, one after the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bundle_example import make_version, tree
from click.testing import Result
from typer.testing import CliRunner

from appliance.commands import bundle, keys
from provisioning.bundle.origin import read_origin
from serving.audit.chain import verify
from serving.audit.reader import open_log
from serving.domain.errors import AiboxError


@dataclass(frozen=True)
class Shell:
    """A vendor's folder with a key and a version, and the state directory of a hospital's box."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "box"

    def run(self, *arguments: str) -> Result:
        group = {"keys": keys.commands, "bundle": bundle.commands}[arguments[0]]
        return CliRunner().invoke(group, list(arguments[1:]))

    def answer(self, *arguments: str) -> Any:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.exception
        return json.loads(result.stdout)

    def refusal(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 1
        assert isinstance(result.exception, AiboxError), result.exception
        return result.exception.message

    def pack(self, *more: str) -> str:
        out = str(self.root / "a.aibox")
        vendor = str(self.root / "vendor")
        signed = [] if "--unsigned" in more else ["--key", str(self.root / "keys/acme.pem")]
        result = self.run("bundle", "make", *more, *signed, "--out", out, "--state", vendor)
        assert result.exit_code == 0, result.exception
        return out

    def on_box(self, *arguments: str) -> tuple[str, ...]:
        return *arguments, "--state", str(self.state)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    made = Shell(tmp_path)
    made.answer("keys", "make", "acme", "--dir", str(tmp_path / "keys"))
    make_version(tmp_path / "vendor/models")
    return made


def test_the_whole_way(shell: Shell) -> None:
    file = shell.pack("example/3")
    assert "does not know" in shell.refusal(*shell.on_box("bundle", "verify", file))
    assert "does not know" in shell.refusal(*shell.on_box("bundle", "import", file))
    public = str(shell.root / "keys/acme.pub")
    key_id = shell.answer(*shell.on_box("keys", "trust", public, "--name", "ACME Ltd."))["key_id"]
    found = shell.answer(*shell.on_box("bundle", "verify", file))
    assert (found["trusted"], found["signer"], found["refusal"]) == (True, "ACME Ltd.", None)
    assert [model["name"] for model in found["contents"]["models"]] == ["example"]
    done = shell.answer(*shell.on_box("bundle", "import", file))
    assert (done["new"], done["present"]) == (["example/3"], [])
    origin = read_origin(shell.state, "example", 3)
    assert origin is not None
    assert origin.key_id == key_id
    assert "already" in shell.refusal(*shell.on_box("bundle", "import", file))
    shell.answer(*shell.on_box("keys", "revoke", key_id))
    assert "was revoked" in shell.refusal(*shell.on_box("bundle", "verify", file))
    assert [each["key_id"] for each in shell.answer(*shell.on_box("keys", "list"))] == [key_id]
    with open_log(shell.state / "audit") as log:
        lines = [(entry.action, entry.outcome.value) for entry in log.newest(99)]
    assert lines == [
        ("bundle.import", "refused"),
        ("key.trust", "done"),
        ("bundle.import", "done"),
        ("bundle.import", "refused"),
        ("key.revoke", "done"),
    ]
    assert verify(shell.state / "audit").fault is None


def test_for_people_it_says_the_same(shell: Shell) -> None:
    file = shell.pack("example")
    shell.run(*shell.on_box("keys", "trust", str(shell.root / "keys/acme.pub")))
    shown = shell.run(*shell.on_box("bundle", "verify", file)).stdout
    assert "signed by acme" in shown
    assert "example version 3: 4 files" in shown
    assert "acme" in shell.run(*shell.on_box("keys", "list")).stdout
    assert "example/3 is in" in shell.run(*shell.on_box("bundle", "import", file)).stdout


def test_the_name_of_a_file_stays_out_of_the_audit(shell: Shell) -> None:
    file = Path(shell.pack("example")).rename(shell.root / "Jane Doe 1970.aibox")
    assert "Jane Doe" in shell.refusal(*shell.on_box("bundle", "import", str(file)))
    with open_log(shell.state / "audit") as log:
        assert "Jane" not in log.newest(9)[0].model_dump_json()


def test_an_unsigned_one_needs_the_setting(shell: Shell) -> None:
    file = shell.pack("example", "--unsigned")
    assert "is not signed" in shell.refusal(*shell.on_box("bundle", "import", file))
    config = shell.root / "open.toml"
    config.write_text("[trust]\nallow_unsigned = true\n")
    done = shell.answer(*shell.on_box("bundle", "import", file, "--config", str(config)))
    assert (done["trusted"], done["standing"]) == (False, "unsigned")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["example"], "signed with --key"),
        (["example", "--key", "keys/acme.pem", "--unsigned"], "signed with --key"),
        (["--unsigned"], "name a model"),
        (["example/x", "--unsigned"], "a version is a number"),
        (["example/9", "--unsigned"], "no such model"),
        (["nobody", "--unsigned"], "no such model"),
        (["--release", "r@1", "--unsigned"], "no such release"),
        (["example", "--key", "keys/acme.pub"], "chmod 600|no ed25519 private key"),
    ],
)
def test_what_cannot_be_made_is_said(shell: Shell, arguments: list[str], words: str) -> None:
    before = tree(shell.root)
    asked = ("bundle", "make", *arguments, "--out", "a.aibox", "--state", "vendor")
    assert any(word in shell.refusal(*asked) for word in words.split("|"))
    assert tree(shell.root) == before
