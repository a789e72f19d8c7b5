"""A gRPC server with the study and job services over real stores, and small CT studies."""

from __future__ import annotations

import io
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np
import pytest
from aibox.v1 import job_pb2_grpc, study_pb2_grpc
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from serving.dicom.inspector import DicomInspector
from serving.domain.pipeline import PipelineInfo
from serving.jobs.attempt import Workshop
from serving.jobs.intake import JobIntake
from serving.jobs.results import ResultStore
from serving.jobs.settings import IntakeSettings, JobSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore
from serving.jobs.worker import JobWorker
from serving.rpc.job_servicer import JobServicer, job_service
from serving.rpc.readiness import Readiness
from serving.rpc.server import build_server
from serving.rpc.settings import GrpcSettings
from serving.rpc.study_servicer import StudyServicer, study_service

PATIENT = "DOE^JANE"


class EchoPipeline:
    """Writes the number of instances, a large file and an empty one."""

    def __init__(self) -> None:
        self.info = PipelineInfo("chest_ct", "1.0", ())
        self.go_on = threading.Event()
        self.go_on.set()

    def run(self, task, models, progress):
        for n in range(500):
            progress(n / 500, "waiting")
            if self.go_on.wait(0.02):
                break
        count = len(list(task.instances_dir.iterdir()))
        (task.results_dir / "count.txt").write_text(str(count))
        (task.results_dir / "empty.txt").write_bytes(b"")
        (task.results_dir / "large.bin").write_bytes(bytes(range(256)) * 10_000)
        progress(1.0, "written")


@dataclass(frozen=True)
class Box:
    """What a test needs to see of the small box."""

    address: str
    state: Path
    store: JobStore
    pipeline: EchoPipeline
    studies: study_pb2_grpc.StudyServiceStub
    jobs: job_pb2_grpc.JobServiceStub

    @property
    def spooled(self) -> list[str]:
        return sorted(p.name for p in (self.state / "spool").iterdir())


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    settings = JobSettings(
        progress_s=0.02,
        poll_s=0.02,
        intake=IntakeSettings(min_free_disk_gb=0, max_instance_bytes=1 << 22),
    )
    store = JobStore(tmp_path / "jobs.sqlite")
    spool = Spool(tmp_path / "spool", settings.intake)
    results = ResultStore(tmp_path / "results")
    pipeline = EchoPipeline()
    infos = {"chest_ct": pipeline.info}
    intake = JobIntake(store, spool, DicomInspector(), infos, settings.intake)
    services = [study_service(StudyServicer(intake)), job_service(JobServicer(store, results))]
    server = build_server(GrpcSettings(port=0, grace_s=0.5), services, Readiness())
    shop = Workshop(store, spool, results, {"chest_ct": pipeline}, _no_model, settings)
    stop = threading.Event()
    worker = threading.Thread(target=JobWorker(shop).run_forever, args=(stop,))
    await server.start()
    worker.start()
    async with grpc.aio.insecure_channel(server.address) as channel:
        studies = study_pb2_grpc.StudyServiceStub(channel)
        jobs = job_pb2_grpc.JobServiceStub(channel)
        yield Box(server.address, tmp_path, store, pipeline, studies, jobs)
    await server.stop()
    stop.set()
    worker.join(10)
    store.close()


@pytest.fixture
def make_slice() -> Callable[..., bytes]:
    """One axial CT slice as a DICOM file; slices of one call site share a study and series."""
    study_uid, series_uid = generate_uid(), generate_uid()

    def make(number: int, **changes: object) -> bytes:
        data = Dataset()
        data.SOPClassUID = CTImageStorage
        data.SOPInstanceUID = f"{series_uid[:50]}.{number}"
        data.StudyInstanceUID, data.SeriesInstanceUID = study_uid, series_uid
        data.PatientName, data.PatientID, data.Modality = PATIENT, "4711", "CT"
        data.ImagePositionPatient = [0, 0, number]
        data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        data.PixelSpacing, data.SliceThickness = [1, 1], 1
        data.Rows = data.Columns = 64
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.PixelRepresentation = 15, 1
        data.RescaleIntercept, data.RescaleSlope = 0, 1
        data.PixelData = np.full((64, 64), number, dtype="<i2").tobytes()
        for name, value in changes.items():
            setattr(data, name, value)
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file = io.BytesIO()
        data.save_as(file, enforce_file_format=True)
        return file.getvalue()

    return make


def _no_model(name, lane):
    raise AssertionError("the pipeline of these tests uses no model")
