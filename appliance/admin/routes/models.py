"""Models: what there is, and what of it serves."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from appliance.admin.asking import Asked, changes
from appliance.admin.names import ModelName
from appliance.admin.parts import Parts
from appliance.admin.problem import documented
from appliance.admin.routes.needs import READ
from appliance.admin.views.version_view import ModelView, model_views
from serving.domain.errors import ModelNotFound

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", dependencies=READ)
def list_models(parts: Parts) -> tuple[ModelView, ...]:
    """All models that the box knows, with their versions."""
    records = parts.registry.versions.list()
    return model_views(records, parts.switcher.committed, parts.state.root)


@router.post("/refresh", **changes())
async def refresh(parts: Parts, asked: Asked) -> Response:
    """Look for new, changed and removed folders of models; what serves stays as it is."""
    return await asked.answer("models.refresh", "-", lambda: parts.versions.refresh(asked.caller))


@router.get("/{name}", dependencies=READ, responses=documented(404, 422))
def show_model(parts: Parts, name: ModelName) -> ModelView:
    """One model."""
    records = parts.registry.versions.list(name)
    if not records:
        raise ModelNotFound(f"no model {name} here; `aibox models list` names those there are")
    (found,) = model_views(records, parts.switcher.committed, parts.state.root)
    return found


@router.post("/{name}/load", **changes())
async def load_model(parts: Parts, asked: Asked, name: ModelName) -> Response:
    """Look for new versions of a model; those that its policy serves join what serves.

    `stable` moves only where the model did not serve.
    """
    return await asked.answer(
        "model.load", name, lambda: parts.versions.load_model(asked.caller, name)
    )


@router.post("/{name}/unload", **changes())
async def unload_model(parts: Parts, asked: Asked, name: ModelName) -> Response:
    """Take all versions of a model out of service; refused where a pipeline's route needs it."""
    return await asked.answer(
        "model.unload", name, lambda: parts.versions.unload_model(asked.caller, name)
    )
