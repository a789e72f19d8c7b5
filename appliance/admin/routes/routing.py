"""Routes of pipelines: the stable release, its canary and its shadow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.names import CallerName, PipelineName, Reference
from appliance.admin.parts import Parts
from appliance.admin.problem import documented
from appliance.admin.routes.needs import READ
from appliance.admin.views.comparison_svg import comparison_svg
from appliance.admin.views.comparison_view import (
    Candidate,
    ComparisonView,
    candidates,
    comparison_view,
)
from appliance.admin.views.part import Part
from serving.domain.errors import ModelNotFound
from serving.domain.model_set import Route

router = APIRouter(prefix="/v1/routes", tags=["routes"])

SVG = "image/svg+xml"


class CanaryRequest(Part):
    """Which studies run a release that is tried."""

    release: Reference
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)] = 0.0
    """Of all studies."""
    callers: Annotated[tuple[CallerName, ...], Field(max_length=64)] = ()
    """Names of tokens whose studies all run it."""


class ShadowRequest(Part):
    """A release that reads the studies too and answers nobody."""

    release: Reference


@router.get("", dependencies=READ)
def list_routes(parts: Parts) -> tuple[Route, ...]:
    """The route of each pipeline."""
    return parts.switcher.committed.routes


@router.put("/{pipeline}/canary", **changes())
async def put_canary(
    parts: Parts, asked: Asked, pipeline: PipelineName, wanted: CanaryRequest
) -> Response:
    """Let a share of the studies, or those of some callers, run a release."""
    return await asked.answer(
        "canary.start",
        f"{pipeline} {wanted.release}",
        lambda: parts.routes.start_canary(
            asked.caller, pipeline, wanted.release, wanted.share, wanted.callers
        ),
        wanted,
    )


@router.delete("/{pipeline}/canary", **changes())
async def delete_canary(parts: Parts, asked: Asked, pipeline: PipelineName) -> Response:
    """Let all studies run the stable release again."""
    return await asked.answer(
        "canary.stop", pipeline, lambda: parts.routes.stop_canary(asked.caller, pipeline)
    )


@router.put("/{pipeline}/shadow", **changes())
async def put_shadow(
    parts: Parts, asked: Asked, pipeline: PipelineName, wanted: ShadowRequest
) -> Response:
    """Let a release read every study too, out of sight."""
    return await asked.answer(
        "shadow.start",
        f"{pipeline} {wanted.release}",
        lambda: parts.routes.start_shadow(asked.caller, pipeline, wanted.release),
        wanted,
    )


@router.delete("/{pipeline}/shadow", **changes())
async def delete_shadow(parts: Parts, asked: Asked, pipeline: PipelineName) -> Response:
    """Stop the shadow."""
    return await asked.answer(
        "shadow.stop", pipeline, lambda: parts.routes.stop_shadow(asked.caller, pipeline)
    )


@router.get("/{pipeline}/comparison", dependencies=READ, responses=documented(404, 422))
def compare(parts: Parts, pipeline: PipelineName) -> tuple[ComparisonView, ...]:
    """The canary and the shadow against the stable release, over the studies that both read."""
    rule = parts.settings.canary.rule
    return tuple(comparison_view(each, rule) for each in _candidates(parts, pipeline))


@router.get(
    "/{pipeline}/comparison.svg",
    dependencies=READ,
    response_class=Response,
    responses={
        200: {"content": {SVG: {"schema": {"type": "string"}}}},
        **documented(404, 422),
    },
)
def draw(parts: Parts, pipeline: PipelineName) -> Response:
    """The same as drawings: agreement of each study, nothing of a patient."""
    drawn = comparison_svg(_candidates(parts, pipeline))
    return Response(drawn, media_type=SVG)


def _candidates(parts: Parts, pipeline: str) -> Iterator[Candidate]:
    route = parts.switcher.committed.route(pipeline)
    if route is None:
        raise ModelNotFound(f"no release of {pipeline} is stable; promote one first")
    return candidates(route, parts.pairs, parts.registry.history)
