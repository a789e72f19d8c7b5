"""The settings that a request for an extraction means."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from serving.domain.errors import InvalidRequest
from serving.radiomics.job.settings_error import first_error
from serving.radiomics.presets import preset
from serving.radiomics.settings import ExtractionSettings


def extraction_settings(preset_name: str, settings_json: str) -> ExtractionSettings:
    """The preset, or the defaults, with those parts replaced that the JSON names.

    Parts are replaced whole: `interpolation` as JSON gives it leaves nothing of the preset's.
    Raises InvalidRequest, naming the setting.
    """
    base = preset(preset_name) if preset_name else ExtractionSettings()
    given = _object(settings_json) if settings_json else {}
    try:
        return ExtractionSettings.model_validate({**base.model_dump(), **given})
    except ValidationError as error:
        raise InvalidRequest(first_error("the extraction", error)) from None


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidRequest('settings are a JSON object, such as {"families": ["glcm"]}')
    return found
