"""Bar 4 of versions under traffic: a worse release is found out, and a shadow changes nothing.

The real chest CT pipeline; the worse release runs a network that calls everything a lesion.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.admin.views.comparison_view import ComparisonView
from appliance.client import AiboxClient
from appliance.client.admin import AdminClient
from loadtests.box import OwnBox
from serving.audit.chain import verify
from serving.audit.entry import AuditEntry
from serving.audit.reader import open_log
from serving.domain.finding import Report
from serving.domain.job import JobState
from serving.domain.model_set import Route
from tests.e2e.damaged_model import MODEL, write_damaged
from tests.e2e.other_studies import another_study

PIPELINE, OTHER_MODEL = "chest_ct", "hrnet_covid"
MIN_STUDIES = 2
RULE = {"enabled": True, "min_studies": MIN_STUDIES, "min_dice": 0.8, "max_latency_ratio": 100.0}
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a study was answered with."""

    report: Report
    findings: bytes
    """As they stand in the report."""
    lesions: bytes
    """The file of the mask."""


@dataclass(slots=True)
class Department:
    """Sends study after study of the same images."""

    box: OwnBox
    admin: AdminClient
    images: Path
    scratch: Path
    worse: str
    """The release with the damaged network."""
    sent: int = 0

    def send(self) -> Answer:
        """The answer to one more study."""
        self.sent += 1
        study = another_study(self.images, self.sent, self.scratch / f"study-{self.sent}")
        with AiboxClient(self.box.address) as client:
            job = client.wait(client.analyze(study).job_id)
            assert job.state is JobState.DONE, job.error_message
            results = self.scratch / f"results-{self.sent}"
            client.fetch(job, results)
        raw = (results / "report.json").read_bytes()
        return Answer(
            report=Report.model_validate_json(raw),
            findings=json.dumps(json.loads(raw)["findings"]).encode(),
            lesions=(results / "lesions.nii.gz").read_bytes(),
        )

    def route(self) -> Route:
        """As it is now."""
        (found,) = self.admin.routes()
        return found

    def audit(self) -> list[AuditEntry]:
        """The whole log, which has to be whole."""
        report = verify(self.box.state_dir / "audit")
        assert report.fault is None, report.fault
        with open_log(self.box.state_dir / "audit") as view:
            return view.newest(200)


@pytest.fixture(scope="module")
def department(small_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    scratch = tmp_path_factory.mktemp("department")
    damaged = write_damaged(scratch, 2)
    settings = {"AIBOX__CANARY__RULE": json.dumps(RULE), "AIBOX__CANARY__COLLECT_S": "0.5"}
    with OwnBox(settings) as box, AdminClient(box.admin_url) as admin:
        shutil.copytree(damaged, box.state_dir / "models" / MODEL / "2")
        admin.wait(admin.refresh())
        made = admin.wait(admin.create_release(PIPELINE, {MODEL: 2, OTHER_MODEL: 1}))
        yield Department(box, admin, small_study, scratch, worse=made.result)


def test_a_worse_canary_is_rolled_back_by_the_rule(department: Department) -> None:
    admin, stable = department.admin, department.route().stable
    assert department.worse not in (stable, "")
    admin.wait(admin.start_canary(PIPELINE, department.worse, share=1.0))
    tried = [department.send() for _ in range(MIN_STUDIES)]
    assert [answer.report.release for answer in tried] == [department.worse] * MIN_STUDIES
    assert {use.name: use.version for use in tried[0].report.models} == {MODEL: 2, OTHER_MODEL: 1}
    _until(lambda: department.route().canary is None)
    assert department.route().stable == stable
    _told_why(department)
    after = department.send()
    assert after.report.release == stable
    assert {use.version for use in after.report.models} == {1}
    marked = [answer.report.findings.both_lungs.lesion_volume_ml for answer in (*tried, after)]
    assert min(marked[:-1]) > 2 * marked[-1] > 0


def test_a_shadow_changes_no_answer(department: Department) -> None:
    admin, stable = department.admin, department.route().stable
    before = department.send()
    admin.wait(admin.start_shadow(PIPELINE, department.worse))
    beside = [department.send() for _ in range(2)]
    _until(lambda: _compared(department) == len(beside))
    for answer in (before, *beside):
        assert answer.report.release == stable
        assert answer.findings == before.findings
        assert answer.lesions == before.lesions
    (found,) = admin.comparisons(PIPELINE)
    assert (found.role, found.summary.candidate.release) == ("shadow", department.worse)
    assert found.summary.dice_median is not None
    assert found.summary.dice_median < RULE["min_dice"]
    # Nothing is done about a shadow, and nobody sees its jobs.
    assert department.route().shadow == department.worse
    with AiboxClient(department.box.address) as client:
        assert len(client.jobs(limit=1000)) == department.sent
    admin.wait(admin.stop_shadow(PIPELINE))


def _told_why(department: Department) -> None:
    """First the reason, then the deed; both by the box itself."""
    told = {entry.action: entry for entry in department.audit()}
    judged, done = told["canary.judge"], told["canary.rollback"]
    assert judged.seq < done.seq
    assert {judged.subject, done.subject} == {department.worse}
    assert {judged.actor, done.actor} == {"box"}
    assert judged.detail.startswith(f"rollback: the lesions of {department.worse} overlap")
    assert "at least 0.8 is asked for" in judged.detail


def _compared(department: Department) -> int:
    found: list[ComparisonView] = list(department.admin.comparisons(PIPELINE))
    return found[0].summary.compared if found else 0


def _until(true: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "it did not come to pass in time"
        time.sleep(0.2)
