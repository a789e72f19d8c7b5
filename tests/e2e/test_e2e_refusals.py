"""Bar 3 of versions under traffic: what must not serve is refused, and nobody notices.

While clients ask without a pause, one broken version after the other is promoted, and a bundle of
a stranger is imported.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from loadtests.box import OwnBox, aibox_command
from serving.audit.chain import verify
from serving.audit.entry import AuditEntry
from serving.audit.reader import open_log
from serving.domain.audit import Outcome
from tests.e2e import hostile_versions as hostile
from tests.e2e.constant_client import ConstantClient
from tests.e2e.numbered_models import MODEL, write

SERVING, CORRUPT, CRASHING, WRONG, CHANGED, STRANGE = range(1, 7)
TWO_NODES = '[{"cpus": [0]}, {"cpus": [1]}]'
LEAST_ANSWERS = 20


@dataclass(frozen=True, slots=True)
class Scene:
    """A box that serves version 1, and the folder that its versions lie in."""

    box: OwnBox
    repository: Path

    def facts(self) -> tuple[bytes, list[int]]:
        """What no refusal may change: the committed set, and who serves it."""
        return (self.box.state_dir / "model-set.json").read_bytes(), self.box.replica_pids

    def refusals(self) -> list[AuditEntry]:
        """Of the whole audit log, which has to be whole."""
        folder = self.box.state_dir / "audit"
        report = verify(folder)
        assert report.fault is None, report.fault
        with open_log(folder) as view:
            newest = view.newest(100)
        return [entry for entry in newest if entry.outcome is Outcome.REFUSED]

    def ask(self, order: str, version: int) -> httpx.Response:
        """The answer once the order has ended."""
        return httpx.post(
            f"{self.box.admin_url}/v1/models/{MODEL}/versions/{version}/{order}",
            headers={"prefer": "wait=60"},
            timeout=70,
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    repository = tmp_path_factory.mktemp("repository")
    write(repository, SERVING)
    hostile.corrupt(repository, CORRUPT)
    hostile.crashing(repository, CRASHING)
    hostile.wrong_answers(repository, WRONG)
    write(repository, CHANGED)
    settings = {
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(repository)]),
        "AIBOX__ENGINE__NODES": TWO_NODES,
        "AIBOX__REGISTRY__DEFAULT_POLICY": json.dumps({"specific": {"versions": [SERVING]}}),
    }
    with OwnBox(settings) as box:
        yield Scene(box, repository)


@pytest.fixture
def undisturbed(scene: Scene) -> Iterator[Scene]:
    """Fails where the test makes a request fail, or changes an answer, the set or a replica."""
    before = scene.facts()
    with ConstantClient(scene.box.address) as clients:
        yield scene
    assert clients.failures == []
    assert set(clients.answers) == {SERVING}
    assert len(clients.answers) >= LEAST_ANSWERS
    assert scene.facts() == before


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (CORRUPT, "model.xml of times version 2 cannot be compiled"),
        (CRASHING, "times version 3 failed its trial: the step try_version crashed (SIGSEGV)"),
        (WRONG, "the self-test of times version 4 failed: y is"),
    ],
)
def test_a_version_that_must_not_serve_is_refused(
    undisturbed: Scene, version: int, told: str
) -> None:
    _refused(undisturbed, undisturbed.ask("promote", version), version, told)


def test_a_byte_that_changed_since_it_was_verified_is_found(undisturbed: Scene) -> None:
    verified = undisturbed.ask("verify", CHANGED)
    assert verified.status_code == httpx.codes.OK, verified.text
    hostile.change_byte(undisturbed.repository / MODEL / str(CHANGED))
    answer = undisturbed.ask("promote", CHANGED)
    _refused(undisturbed, answer, CHANGED, "differs from the digest in its manifest")


def test_a_bundle_of_a_stranger_stays_outside(undisturbed: Scene, tmp_path: Path) -> None:
    bundle = _bundle_of_a_stranger(tmp_path)
    ran = _aibox(undisturbed.box.environment(), "bundle", "import", str(bundle))
    assert ran.returncode == 1
    sentence = _sentence(ran.stderr)
    assert "which this box does not know" in sentence
    assert not (undisturbed.box.state_dir / "models" / MODEL).exists()
    last = undisturbed.refusals()[-1]
    # The audit keeps no name of a file: whoever made it may have put anything into it.
    assert last.action == "bundle.import"
    assert last.detail == sentence.replace(bundle.name, "the file")


def _refused(scene: Scene, answer: httpx.Response, version: int, told: str) -> None:
    """One sentence to the caller, the same one in the audit."""
    assert answer.is_error, answer.text
    sentence = answer.json()["detail"]
    assert told in sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    last = scene.refusals()[-1]
    found = (last.actor, last.action, last.subject, last.detail)
    assert found == ("local", "model.promote", f"{MODEL} {version}", sentence)


def _bundle_of_a_stranger(folder: Path) -> Path:
    """A sound version, rightly signed, by a key that no box has heard of."""
    bundle = folder / "strange.aibox"
    write(folder / "models", STRANGE)
    box = OwnBox(
        {"AIBOX__ENGINE__REPOSITORIES": json.dumps([str(folder / "models")])}, folder / "state"
    )
    environment = box.environment()
    made = _aibox(environment, "keys", "make", "stranger", "--dir", str(folder))
    assert made.returncode == 0, made.stderr
    key = str(folder / "stranger.pem")
    packed = _aibox(environment, "bundle", "make", MODEL, "--key", key, "--out", str(bundle))
    assert packed.returncode == 0, packed.stderr
    return bundle


def _aibox(environment: dict[str, str], *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [aibox_command(), *given],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _sentence(printed: str) -> str:
    """The last line, which is all that a command says of its error."""
    return printed.strip().splitlines()[-1].removeprefix("aibox: ")
