"""Releases: a pipeline with exact model versions and parameters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.names import Number, ReleaseName, VersionNumber, Word
from appliance.admin.orders.release_orders import NewRelease
from appliance.admin.parts import Parts
from appliance.admin.routes.needs import READ
from appliance.admin.views.part import Part
from appliance.admin.views.release_view import ReleaseView, release_view
from serving.domain.manifest import Name

router = APIRouter(prefix="/v1/releases", tags=["releases"])

ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class ReleaseRequest(Part):
    """A release to be made; the box gives it the next number of its name."""

    name: Name
    pipeline: Name | None = None
    """Left out, the pipeline of the same name."""
    models: Annotated[dict[Name, Number], Field(min_length=1, max_length=32)]
    """Model name to version, for each model of the pipeline."""
    parameters: Annotated[dict[ParameterName, Word], Field(max_length=32)] = Field(
        default_factory=dict
    )
    """They overrule those that come with a study."""


@router.get("", dependencies=READ)
def list_releases(parts: Parts) -> tuple[ReleaseView, ...]:
    """All releases in the set that serves."""
    current = parts.switcher.committed
    return tuple(release_view(release, current) for release in current.releases)


@router.post("", **changes())
async def create(parts: Parts, asked: Asked, wanted: ReleaseRequest) -> Response:
    """Make a release; its versions are loaded where they are not, and no study runs it yet.

    `result` of the operation is its reference, as `chest_ct@3`.
    """
    release = NewRelease(
        name=wanted.name,
        pipeline=wanted.pipeline or wanted.name,
        models=dict(wanted.models),
        parameters=dict(wanted.parameters),
    )
    return await asked.answer(
        "release.create",
        wanted.name,
        lambda: parts.releases.create(asked.caller, release),
        wanted,
    )


@router.post("/{name}/{version}/promote", **changes())
async def promote(
    parts: Parts, asked: Asked, name: ReleaseName, version: VersionNumber
) -> Response:
    """Let all studies of its pipeline run it; its versions become `stable`."""
    reference = f"{name}@{version}"
    return await asked.answer(
        "release.promote", reference, lambda: parts.releases.promote(asked.caller, reference)
    )


@router.delete("/{name}/{version}", **changes())
async def remove(parts: Parts, asked: Asked, name: ReleaseName, version: VersionNumber) -> Response:
    """Remove a release that no route uses; its number is not given again."""
    reference = f"{name}@{version}"
    return await asked.answer(
        "release.remove", reference, lambda: parts.releases.remove(asked.caller, reference)
    )
