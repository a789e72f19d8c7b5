"""The settings in force."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from appliance.admin.parts import Parts
from appliance.admin.routes.needs import ADMIN

router = APIRouter(prefix="/v1/settings", tags=["settings"])


@router.get("", dependencies=ADMIN)
def show_settings(parts: Parts) -> dict[str, Any]:
    """`aibox.toml` and the environment, merged when the box started; no setting is a secret."""
    return parts.settings.model_dump(mode="json")
