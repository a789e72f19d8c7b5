"""Makes a version of a model repository from a vendor's file."""

from __future__ import annotations

from pathlib import Path

from provisioning.importer.job import ImportJob
from provisioning.importer.request import ImportRequest
from provisioning.importer.staging import next_version, publish, staging
from provisioning.sandbox import Limits
from serving.domain.slices import Progress


def import_model(
    source: Path,
    request: ImportRequest,
    repository: Path,
    report: Progress,
    limits: Limits | None = None,
) -> Path:
    """Converts, checks, measures and publishes; returns the version's folder.

    Whatever parses the source runs in a process of its own under `limits`. A failure, or what
    `report` raises, leaves the repository as it was. Raises InvalidRequest, CorruptModel,
    VersionExists or DeadlineExceeded with one sentence.
    """
    repository = repository.absolute()
    version = next_version(repository, request.name, request.version)
    with staging(repository) as places:
        ImportJob(request, places, limits or Limits(), report).make(source, version)
        report(1.0, "publishing")
        return publish(places.version, repository, request.name, version)
