"""Radiomics jobs on their way in: named files, idempotency, tables of other jobs, kinds."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.domain.errors import IllegalTransition, InvalidRequest, JobNotFound
from serving.domain.job import Job, JobState
from serving.domain.radiomics import RADIOMICS_KINDS, RadiomicsHeader, RadiomicsKind
from serving.jobs.owner import Owner
from serving.jobs.radiomics_intake import TABLE, CohortIntake
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.transitions import Outcome

EXTRACT = RadiomicsHeader(kind=RadiomicsKind.EXTRACT)
MANIFEST = b"case_id,image,mask\n1,a.nii,b.nii\n"


class ManifestThere:
    """Wants a manifest or a table; says what the test wants of what lies beside them."""

    beside = ""

    def check(self, header: RadiomicsHeader, folder: Path) -> str:
        wanted = "manifest.csv" if header.kind is RadiomicsKind.EXTRACT else TABLE
        if not (folder / "input" / wanted).is_file():
            raise InvalidRequest("send a manifest")
        return self.beside


@pytest.fixture
def check() -> ManifestThere:
    return ManifestThere()


@pytest.fixture
def intake(
    store: JobStore, spool: Spool, results: ResultStore, check: ManifestThere
) -> CohortIntake:
    settings = IntakeSettings(
        min_free_disk_gb=0, max_job_files=3, max_job_bytes=4096, max_instance_bytes=2048
    )
    return CohortIntake(store, spool, results, check, settings, "1.2")


@pytest.fixture
def send(intake: CohortIntake) -> Callable[..., Job]:
    def send(header: RadiomicsHeader = EXTRACT, **files: bytes) -> Job:
        incoming = intake.begin(header)
        try:
            for name, data in files.items():
                incoming.write(name, data, True)
            return incoming.commit()
        finally:
            incoming.discard()

    return send


def test_files_lie_under_the_jobs_id_for_the_owners_eyes_only(
    intake: CohortIntake, spool: Spool
) -> None:
    incoming = intake.begin(EXTRACT)
    incoming.write("manifest.csv", MANIFEST[:10], False)
    incoming.write("", MANIFEST[10:], True)
    incoming.write("cases/0/image/0000.nii.gz", b"image", True)
    job = incoming.commit()
    folder = spool.folder(job.job_id)
    assert (folder / "input" / "manifest.csv").read_bytes() == MANIFEST
    assert (folder / "input" / "cases" / "0" / "image" / "0000.nii.gz").read_bytes() == b"image"
    kept = RadiomicsHeader.model_validate_json((folder / "request.json").read_text())
    assert kept == EXTRACT
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {0o600, 0o700}
    assert (job.request.kind, job.request.pipeline) == ("extract", "radiomics_extract")


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "a/../b", "", ".hidden", "a//b", "a/", "PATIENT DOE.nii", "x" * 201, "a\n"],
)
def test_other_names_are_refused(intake: CohortIntake, spool: Spool, name: str) -> None:
    incoming = intake.begin(EXTRACT)
    with pytest.raises(InvalidRequest, match="relative path") as refused:
        incoming.write(name, b"1", True)
    incoming.discard()
    assert not name or name not in refused.value.message
    assert list(spool.root.iterdir()) == []


def test_one_name_is_one_file(intake: CohortIntake) -> None:
    incoming = intake.begin(EXTRACT)
    incoming.write("a/b", b"1", True)
    with pytest.raises(InvalidRequest, match="one name"):
        incoming.write("a/b", b"1", True)
    with pytest.raises(InvalidRequest, match="name of a folder"):
        incoming.write("a", b"1", True)
    incoming.discard()


def test_bounds_name_their_settings(intake: CohortIntake) -> None:
    for files, setting in (
        ({f"f{n}": 1 for n in range(4)}, "max_job_files"),
        ({"a": 2000, "b": 2000, "c": 2000}, "max_job_bytes"),
        ({"a": 2049}, "max_instance_bytes"),
    ):
        incoming = intake.begin(EXTRACT)
        sizes = list(files.items())
        for name, size in sizes[:-1]:
            incoming.write(name, bytes(size), True)
        with pytest.raises(InvalidRequest, match=setting):
            incoming.write(sizes[-1][0], bytes(sizes[-1][1]), True)
        incoming.discard()


def test_what_is_refused_leaves_nothing(send: Callable[..., Job], spool: Spool) -> None:
    with pytest.raises(InvalidRequest, match="send a manifest"):
        send(other=b"1")
    assert list(spool.root.iterdir()) == []


def test_an_unfinished_file_is_no_job(intake: CohortIntake, spool: Spool) -> None:
    incoming = intake.begin(EXTRACT)
    incoming.write("manifest.csv", MANIFEST, False)
    with pytest.raises(InvalidRequest, match="last chunk"):
        incoming.commit()
    incoming.discard()
    assert list(spool.root.iterdir()) == []


def test_the_same_request_is_the_same_job(send: Callable[..., Job], check: ManifestThere) -> None:
    files = {"manifest.csv": MANIFEST}
    first = send(**files)
    assert send(**files).job_id == first.job_id
    other_settings = EXTRACT.model_copy(update={"preset": "ibsi-c"})
    check.beside = "image touched"
    found = {send(**files).job_id, send(other_settings, **files).job_id, first.job_id}
    assert len(found) == 3


def test_a_clients_key_is_known_before_any_file(
    intake: CohortIntake, send: Callable[..., Job]
) -> None:
    header = EXTRACT.model_copy(update={"idempotency_key": "mine"})
    assert intake.known(header) is None
    job = send(header, **{"manifest.csv": MANIFEST})
    known = intake.known(header)
    assert known is not None
    assert known.job_id == job.job_id
    assert intake.known(header.model_copy(update={"kind": RadiomicsKind.TRAIN})) is None


def test_train_takes_the_table_of_a_done_extract_job(
    send: Callable[..., Job], store: JobStore, results: ResultStore, spool: Spool
) -> None:
    extract = send(**{"manifest.csv": MANIFEST})
    train = RadiomicsHeader(kind=RadiomicsKind.TRAIN, table_job_id=extract.job_id, model_name="m")
    with pytest.raises(IllegalTransition, match="queued"):
        send(train)
    _finish(store, results, extract)
    trained = send(train)
    assert (spool.folder(trained.job_id) / "input" / TABLE).read_bytes() == b"PAR1"
    for wrong, error in ((trained.job_id, InvalidRequest), ("none", JobNotFound)):
        with pytest.raises(error):
            send(train.model_copy(update={"table_job_id": wrong}))


def _finish(store: JobStore, results: ResultStore, job: Job) -> None:
    lease = store.claim(Owner.of_this_process().token, 60)
    assert lease is not None
    folder = results.begin(job.job_id, lease.attempt)
    (folder / TABLE).write_bytes(b"PAR1")
    files = results.publish(job.job_id, folder, lambda: None)
    store.finish(lease, Outcome(JobState.DONE, files))


def test_study_workers_leave_radiomics_jobs_alone(
    send: Callable[..., Job], store: JobStore, make_request: Callable[..., object]
) -> None:
    job = send(**{"manifest.csv": MANIFEST})
    owner = Owner.of_this_process().token
    assert store.claim(owner, 60, kinds=("study",)) is None
    lease = store.claim(owner, 0, kinds=RADIOMICS_KINDS)
    assert lease is not None
    assert lease.job_id == job.job_id
    assert store.recover(3, kinds=("study",)).requeued == 0
    assert store.recover(3, kinds=RADIOMICS_KINDS).requeued == 1
