"""What lies in the repositories, what changed there, and whether it is what it says it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.registry import discover as discovery
from appliance.registry.discover import Discovery, discover
from appliance.registry.record import Key, Origin
from appliance.registry.settings import RegistrySettings
from appliance.registry.verify import verify
from appliance.registry.version_state import VersionState
from serving.domain.errors import CorruptModel
from serving.engine.catalog import ModelVersion, scan
from tests.unit.appliance.registry.small_box import SmallBox
from tests.unit.appliance.registry.tiny_versions import (
    change_manifest,
    write_predictor,
    write_version,
)


@pytest.fixture
def box(tmp_path: Path) -> SmallBox:
    return SmallBox(tmp_path)


def _look(box: SmallBox, serving: frozenset[Key] = frozenset()) -> Discovery:
    return discover(box.store.versions, scan((box.product, box.models)), box.models, serving)


def _digest(folder: Path) -> str:
    return ModelVersion.read(folder).manifest_sha256


def test_versions_are_registered_with_their_origin_the_first_repository_first(
    box: SmallBox,
) -> None:
    write_version(box.product, "unet", 1)
    write_version(box.models, "unet", 1, b"another")
    write_version(box.models, "unet", 2)
    write_predictor(box.models, "lasso")
    assert _look(box).added == (("lasso", 1), ("unet", 1), ("unet", 2))
    assert box.record("unet", 1).origin is Origin.PRODUCT
    assert box.record("unet", 2).origin is Origin.IMPORTED
    assert (box.record("unet", 2).servable, box.record("lasso", 1).servable) == (True, False)
    assert _look(box) == Discovery()


def test_a_changed_manifest_sends_a_version_back(box: SmallBox) -> None:
    folder = write_version(box.product, "unet")
    _look(box)
    box.store.versions.move("unet", 1, VersionState.VERIFIED, 1)
    change_manifest(folder)
    assert _look(box).changed == (("unet", 1),)
    record = box.record("unet", 1)
    assert (record.state, record.reason) == (VersionState.IMPORTED, discovery.CHANGED)
    assert record.manifest_sha256 == _digest(folder)
    assert _look(box) == Discovery()


def test_a_changed_manifest_of_what_serves_is_noted_and_nothing_more(box: SmallBox) -> None:
    folder = write_version(box.product, "unet")
    before = box.boot()
    change_manifest(folder)
    _look(box, before.keys)
    record = box.record("unet", 1)
    assert (record.state, record.reason) == (VersionState.ACTIVE, discovery.CHANGED_WHILE_SERVING)
    assert record.served == before.versions[0]
    revision = record.revision
    _look(box, before.keys)
    assert box.record("unet", 1).revision == revision, "noted once"


def test_a_folder_that_is_gone_is_noted_until_it_is_back(box: SmallBox) -> None:
    folder = write_version(box.product, "unet")
    _look(box)
    box.store.versions.move("unet", 1, VersionState.VERIFIED, 1)
    folder.rename(folder.with_name("aside"))
    assert _look(box).gone == (("unet", 1),)
    record = box.record("unet", 1)
    assert (record.state, record.reason) == (VersionState.IMPORTED, discovery.GONE)
    folder.with_name("aside").rename(folder)
    assert _look(box) == Discovery()
    assert box.record("unet", 1).reason == ""


def test_a_repository_that_moved_is_followed(box: SmallBox, tmp_path: Path) -> None:
    write_version(box.product, "unet")
    _look(box)
    box.store.versions.move("unet", 1, VersionState.VERIFIED, 1)
    box.product = box.product.rename(tmp_path / "elsewhere")
    assert _look(box) == Discovery()
    record = box.record("unet", 1)
    assert record.folder.is_relative_to(tmp_path / "elsewhere")
    assert record.state is VersionState.VERIFIED


def test_a_sound_version_is_verified_with_every_file(tmp_path: Path) -> None:
    folder = write_version(tmp_path, "unet")
    assert verify(folder, _digest(folder)).name == "unet"
    predictor = write_predictor(tmp_path, "lasso")
    assert verify(predictor, _digest(predictor)).variants == {}


@pytest.mark.parametrize("name", ["fp32/model.xml", "fp32/model.bin", "outputs.npz"])
@pytest.mark.parametrize("place", [0, -1])
def test_one_changed_byte_is_found(tmp_path: Path, name: str, place: int) -> None:
    folder = write_version(tmp_path, "unet")
    digest = _digest(folder)
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CorruptModel, match=f"{name} of unet version 1 differs from the digest"):
        verify(folder, digest)


def test_a_changed_or_missing_manifest_is_found(tmp_path: Path) -> None:
    folder = write_version(tmp_path, "unet")
    digest = _digest(folder)
    change_manifest(folder)
    with pytest.raises(CorruptModel, match="manifest of unet version 1 is not the one that was"):
        verify(folder, digest)
    (folder / "model.toml").unlink()
    with pytest.raises(CorruptModel, match=r"model\.toml cannot be read"):
        verify(folder, digest)


def test_a_changed_predictor_is_found(tmp_path: Path) -> None:
    folder = write_predictor(tmp_path, "lasso")
    digest = _digest(folder)
    (folder / "predictor.bin").write_bytes(b"other")
    with pytest.raises(CorruptModel, match=r"predictor\.bin of lasso version 1 differs"):
        verify(folder, digest)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ({"latest": {}}, {9}),
        ({"latest": {"num_versions": 2}}, {3, 9}),
        ({"latest": {"num_versions": 7}}, {1, 3, 9}),
        ({"all": {}}, {1, 3, 9}),
        ({"specific": {"versions": [3, 4]}}, {3}),
    ],
)
def test_policies_choose_by_number(policy: dict[str, Any], wanted: set[int]) -> None:
    settings = RegistrySettings.model_validate({"policies": {"unet": policy}})
    assert settings.wanted("unet", [3, 9, 1]) == wanted
    assert settings.wanted("other", [3, 9, 1]) == {9}, "the latest, where nothing else is said"
    changed = RegistrySettings.model_validate({"default_policy": policy})
    assert changed.wanted("other", [3, 9, 1]) == wanted


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"latest": {}, "all": {}},
        {"newest": {}},
        {"latest": {"num_versions": 0}},
        {"specific": {"versions": []}},
        {"all": {"num_versions": 1}},
    ],
)
def test_a_policy_is_exactly_one_of_the_three(policy: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RegistrySettings.model_validate({"default_policy": policy})
