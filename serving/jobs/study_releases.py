"""The releases that one study runs, out of the model set that serves when it arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace

from serving.domain.job import JobRequest, TwinRole
from serving.domain.model_set import ModelSet, Release
from serving.domain.routing import choose


@dataclass(frozen=True, slots=True)
class PlannedTwin:
    """A second analysis of the study, with that release."""

    release: Release
    role: TwinRole


@dataclass(frozen=True, slots=True)
class StudyReleases:
    """What a study runs: without releases on a box, or a route for its pipeline, nothing is set."""

    stable: str = ""
    """Reference of the stable release, whether or not it is the one that answers."""
    answering: Release | None = None
    twins: tuple[PlannedTwin, ...] = ()


def releases_for(
    serves: ModelSet | None, pipeline: str, study_uid: str, caller: str
) -> StudyReleases:
    """The releases of a study of that UID from that caller; see `serving.domain.routing`."""
    route = serves.route(pipeline) if serves else None
    if serves is None or route is None:
        return StudyReleases()
    choice = choose(route, study_uid, caller)
    found = [(serves.release(twin.release), twin.role) for twin in choice.twins]
    return StudyReleases(
        stable=route.stable,
        answering=serves.release(choice.release),
        twins=tuple(PlannedTwin(release, role) for release, role in found if release),
    )


def with_release(request: JobRequest, release: Release | None) -> JobRequest:
    """The request with all that a release pins written into it."""
    if release is None:
        return request
    return replace(
        request,
        release=release.reference,
        models=dict(release.models),
        release_parameters=dict(release.parameters),
    )
