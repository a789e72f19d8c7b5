"""Reads `aibox.toml` and the environment, and says in one sentence what is wrong with them."""

from __future__ import annotations

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from appliance.errors import ConfigurationError
from appliance.settings import ENV_DELIMITER, ENV_PREFIX, Settings

DEFAULT_FILE = Path("aibox.toml")


def load_settings(path: Path | None = None) -> Settings:
    """The settings after merging `path` (default: `aibox.toml` where there is one) and environment.

    Raises ConfigurationError, naming the key, and the nearest known one where it is unknown.
    """
    content = _read_file(path)
    _refuse_unknown_sections()
    try:
        return Settings(**content)
    except ValidationError as error:
        raise ConfigurationError(_sentence(error.errors(include_url=False)[0])) from None
    except SettingsError:
        raise ConfigurationError(
            f"a variable {ENV_PREFIX}... holds what is no JSON where a list or table is expected"
        ) from None


def _read_file(path: Path | None) -> dict[str, Any]:
    chosen = path or DEFAULT_FILE
    if path is None and not chosen.exists():
        return {}
    try:
        return tomllib.loads(chosen.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{chosen} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{chosen} is not valid TOML: {error}") from None


def _refuse_unknown_sections() -> None:
    """pydantic-settings passes over variables of unknown sections; a misspelt one must not pass."""
    for name in os.environ:
        if name.upper().startswith(ENV_PREFIX):
            section = name[len(ENV_PREFIX) :].split(ENV_DELIMITER)[0].lower()
            if section not in Settings.model_fields:
                raise ConfigurationError(_unknown(section, (), f"the variable {name}"))


def _sentence(detail: ErrorDetails) -> str:
    where = tuple(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return _unknown(where[-1], where[:-1], f"the setting {'.'.join(where)}")
    return f"the setting {'.'.join(where)} cannot be used: {detail['msg']}"


def _unknown(key: str, parents: tuple[str, ...], what: str) -> str:
    known = _known_keys(parents)
    near = get_close_matches(key, known, n=1, cutoff=0.0)
    meant = ".".join((*parents, near[0])) if near else "none"
    return f"{what} is unknown; the nearest known one is {meant}"


def _known_keys(parents: tuple[str, ...]) -> list[str]:
    model: type[BaseModel] = Settings
    for parent in parents:
        field = model.model_fields.get(parent)
        inner = _model_within(field.annotation) if field else None
        if inner is None:
            # A number is the place in a list, whose model was found one step before.
            continue
        model = inner
    return list(model.model_fields)


def _model_within(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_within(part) for part in get_args(annotation))
    return next((model for model in found if model is not None), None)
