"""Versions of a model: looked at, checked, loaded, promoted, unloaded."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.names import ModelName, VersionNumber
from appliance.admin.parts import Parts
from appliance.admin.problem import documented
from appliance.admin.routes.needs import READ
from appliance.admin.views.version_detail import VersionDetail, version_detail
from appliance.run_files import read_nodes

router = APIRouter(prefix="/v1/models/{name}/versions/{version}", tags=["models"])


@router.get("", dependencies=READ, responses=documented(404, 422))
def show_version(parts: Parts, name: ModelName, version: VersionNumber) -> VersionDetail:
    """One version: its state, labels and signer, its variants, and how replicas run it."""
    record = parts.registry.versions.get(name, version)
    nodes = read_nodes(parts.state)
    return version_detail(record, parts.switcher.committed, parts.state.root, nodes)


@router.post("/promote", **changes())
async def promote(parts: Parts, asked: Asked, name: ModelName, version: VersionNumber) -> Response:
    """Let it answer where requests name no version; releases that ran its like follow it.

    It is checked, tried and loaded first where it is not in service.
    """
    return await asked.answer(
        "model.promote",
        f"{name} {version}",
        lambda: parts.versions.promote(asked.caller, name, version),
    )


@router.post("/load", **changes())
async def load(parts: Parts, asked: Asked, name: ModelName, version: VersionNumber) -> Response:
    """Check it, try it, and let it serve beside the others of its model."""
    return await asked.answer(
        "model.load", f"{name} {version}", lambda: parts.versions.load(asked.caller, name, version)
    )


@router.post("/unload", **changes())
async def unload(parts: Parts, asked: Asked, name: ModelName, version: VersionNumber) -> Response:
    """Take it out of service; refused where a label or a route needs it."""
    return await asked.answer(
        "model.unload",
        f"{name} {version}",
        lambda: parts.versions.unload(asked.caller, name, version),
    )


@router.post("/verify", **changes())
async def verify(parts: Parts, asked: Asked, name: ModelName, version: VersionNumber) -> Response:
    """Compare every file with its digest; nothing is loaded."""
    return await asked.answer(
        "model.verify",
        f"{name} {version}",
        lambda: parts.versions.verify(asked.caller, name, version),
    )
