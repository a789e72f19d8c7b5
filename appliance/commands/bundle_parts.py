"""What `aibox bundle make` was asked to pack, found on this box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.box_config import BoxConfig, repositories
from appliance.commands.model_versions import find_version
from appliance.version import box_version
from provisioning.bundle.make_bundle import BundleOrder
from provisioning.bundle.release_file import find_release
from serving.domain.errors import InvalidRequest


def order_of(box: BoxConfig, models: Sequence[str], release: str | None) -> BundleOrder:
    """`models` are `NAME` or `NAME/VERSION`. Raises InvalidRequest and ModelNotFound."""
    if not models and release is None:
        raise InvalidRequest("name a model, as `hrnet_covid/1`, or a release with --release")
    chosen = find_release(box.state.root, release) if release else None
    wanted = [_parse(text) for text in models]
    wanted += list(chosen.models.items()) if chosen else []
    places = repositories(box)
    folders: dict[Path, None] = {find_version(places, *each): None for each in wanted}
    return BundleOrder(tuple(folders), chosen, box_version())


def _parse(text: str) -> tuple[str, int | None]:
    name, slash, version = text.partition("/")
    if not slash:
        return name, None
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise InvalidRequest("a version is a number: name it as `hrnet_covid/1`")
    return name, int(version)
