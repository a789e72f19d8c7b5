"""The settings that a request for a training means, and the name of its model."""

from __future__ import annotations

import re

from pydantic import ValidationError

from serving.domain.errors import InvalidRequest
from serving.radiomics.job.settings_error import first_error
from serving.radiomics.modelling.settings import TrainingSettings

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
"""As `serving.domain.manifest` has it."""


def training_settings(settings_json: str) -> TrainingSettings:
    """The settings, the defaults where nothing is given. Raises InvalidRequest."""
    try:
        return TrainingSettings.model_validate_json(settings_json or "{}")
    except ValidationError as error:
        raise InvalidRequest(first_error("the training", error)) from None


def check_model_name(name: str) -> str:
    """The name, which becomes a folder. Raises InvalidRequest."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            "the name of a model is made of at most 64 small letters, digits, `_`, `.` and `-` and "
            "begins with a letter or digit; another name, or none, came"
        )
    return name
