"""Every version that the box knows, with what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from appliance.admin.page.action import Action, load_version, promote_version, unload_version
from appliance.admin.views.version_view import ModelView, VersionView


@dataclass(frozen=True, slots=True)
class VersionRow:
    """`actions` are what the API would not refuse at sight."""

    view: VersionView
    actions: tuple[Action, ...]


def version_panel(models: Sequence[ModelView]) -> tuple[VersionRow, ...]:
    """By model as they come, the newest version first."""
    return tuple(
        VersionRow(each, tuple(_actions(each, model)))
        for model in models
        for each in sorted(model.versions, key=lambda version: -version.version)
    )


def _actions(version: VersionView, model: ModelView) -> Iterator[Action]:
    if not version.servable or version.version == model.stable:
        return
    key = version.name, version.version
    yield promote_version(*key)
    yield unload_version(*key) if version.serving else load_version(*key)
