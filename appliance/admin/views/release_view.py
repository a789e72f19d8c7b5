"""A release and what the route of its pipeline makes of it."""

from __future__ import annotations

from appliance.admin.views.part import Part
from serving.domain.model_set import ModelSet, Release


class ReleaseView(Part):
    """One release and the roles that it has in the route of its pipeline."""

    name: str
    version: int
    reference: str
    pipeline: str
    models: dict[str, int]
    parameters: dict[str, str]
    stable: bool
    canary: bool
    shadow: bool


def release_view(release: Release, current: ModelSet) -> ReleaseView:
    """A release of the set that serves."""
    route, reference = current.route(release.pipeline), release.reference
    return ReleaseView(
        name=release.name,
        version=release.version,
        reference=reference,
        pipeline=release.pipeline,
        models=release.models,
        parameters=release.parameters,
        stable=route is not None and route.stable == reference,
        canary=route is not None and route.canary == reference,
        shadow=route is not None and route.shadow == reference,
    )
