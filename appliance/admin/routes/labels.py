"""Labels: names under which requests ask for a version of a model."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.names import LabelName, ModelName, Number
from appliance.admin.parts import Parts
from appliance.admin.views.part import Part

router = APIRouter(prefix="/v1/models/{name}/labels/{label}", tags=["models"])


class LabelTarget(Part):
    """The version that a label is to point at."""

    version: Number


@router.put("", **changes())
async def put_label(
    parts: Parts, asked: Asked, name: ModelName, label: LabelName, target: LabelTarget
) -> Response:
    """Point a label at a version in service; `stable` is moved by promoting."""
    return await asked.answer(
        "model.label",
        f"{name} {target.version} {label}",
        lambda: parts.versions.label(asked.caller, name, label, target.version),
        target,
    )


@router.delete("", **changes())
async def delete_label(parts: Parts, asked: Asked, name: ModelName, label: LabelName) -> Response:
    """Remove a label; `stable` stays."""
    return await asked.answer(
        "model.unlabel",
        f"{name} {label}",
        lambda: parts.versions.unlabel(asked.caller, name, label),
    )
