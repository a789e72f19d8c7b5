"""Every broken or hostile file ends in one sentence and leaves nothing behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from appliance.cli import app
from provisioning.importer import ImportRequest, import_model
from provisioning.sandbox import limits
from tests.e2e import hostile_archives, hostile_onnx, hostile_others

CASES = {**hostile_onnx.CASES, **hostile_archives.CASES, **hostile_others.CASES}
GIB = 1024**3
THROUGH_THE_SHELL = ("onnx_cut_at_0.5", "pickle_protocol_2", "zip_path_outside", "ir_entity_bomb")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one good model in it."""
    folder = tmp_path_factory.mktemp("good")
    source = folder / "good.onnx"
    source.write_bytes(hostile_onnx.good_model().SerializeToString())
    import_model(source, ImportRequest(name="good"), folder / "models", lambda share, stage: None)
    return folder / "models"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own, empty TMPDIR, and little memory for the sandbox."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(limits, "_fair_share", lambda: 4 * GIB)
    return folder


def state_of(folder: Path) -> dict[str, tuple[int, str]]:
    """Mode and content of everything in a folder, by path."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in folder.rglob("*")
    }


def test_there_are_fifty() -> None:
    assert len(CASES) >= 50


@pytest.mark.usefixtures("leaves_no_process")
@pytest.mark.parametrize("case", CASES)
def test_is_refused_and_leaves_nothing(
    case: str,
    repository: Path,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    source = CASES[case](folder)
    before, inputs = state_of(repository), {path.name for path in folder.rglob("*")}
    arguments = ["models", "import", str(source), "--name", "bad", "--repository", str(repository)]
    monkeypatch.setattr(sys, "argv", ["aibox", *arguments])
    with pytest.raises(SystemExit) as ended:
        app()
    said = capfd.readouterr()
    assert ended.value.code == 1
    assert_one_sentence(said.err, tmp_path)
    assert said.out == ""
    assert state_of(repository) == before
    assert {path.name for path in folder.rglob("*")} == inputs
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("case", THROUGH_THE_SHELL)
def test_from_the_shell(case: str, repository: Path, temporary: Path, tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    source = CASES[case](folder)
    before = state_of(repository)
    command = [str(Path(sys.executable).with_name("aibox")), "models", "import", str(source)]
    done = subprocess.run(
        [*command, "--name", "bad", "--repository", str(repository)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert_one_sentence(done.stderr, tmp_path)
    assert state_of(repository) == before
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("leaves_no_process")
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--name", "../x"),
        ("--name", "a/b"),
        ("--name", ".hidden"),
        ("--name", "UPPER"),
        ("--name", "x\n"),
        ("--version", "1"),
        ("--version", str(2**40)),
        ("--shape", "x=1,2"),
        ("--shape", "x=-1"),
        ("--mean", "many"),
        ("--inputs", "/etc/hostname"),
        ("--tolerance", "1e-30"),
    ],
)
def test_a_good_file_asked_for_badly(
    option: str,
    value: str,
    repository: Path,
    temporary: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    source = tmp_path / "model.onnx"
    source.write_bytes(hostile_onnx.good_model().SerializeToString())
    before = state_of(repository)
    arguments = ["models", "import", str(source), "--repository", str(repository)]
    name = [] if option == "--name" else ["--name", "good"]
    monkeypatch.setattr(sys, "argv", ["aibox", *arguments, *name, option, value])
    with pytest.raises(SystemExit) as ended:
        app()
    assert ended.value.code == 1
    assert_one_sentence(capfd.readouterr().err, tmp_path)
    assert state_of(repository) == before
    assert list(temporary.iterdir()) == []


def assert_one_sentence(text: str, machine_path: Path) -> None:
    assert text.startswith("aibox: ")
    assert text.count("\n") == 1, text
    assert 20 < len(text) < 400, text
    for unwanted in ("Traceback", "unexpected", "src/", str(machine_path), "report this"):
        assert unwanted not in text
