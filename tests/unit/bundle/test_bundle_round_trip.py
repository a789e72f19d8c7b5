"""What was packed comes out as it was, once, with the record of who signed it."""

from __future__ import annotations

import json
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_example import (
    VENDOR,
    ImportPlace,
    Parts,
    Vendor,
    make_version,
    new_box,
    new_vendor,
    quiet,
    tree,
)

from provisioning.bundle.import_bundle import import_bundle
from provisioning.bundle.make_bundle import BundleOrder, make_bundle
from provisioning.bundle.origin import read_origin
from provisioning.bundle.release_file import find_release
from provisioning.bundle.settings import TrustSettings
from provisioning.bundle.signer import Standing
from provisioning.bundle.verify_bundle import verify_bundle
from provisioning.keys import TrustStore
from serving.domain.errors import InvalidRequest, ModelNotFound, VersionExists
from serving.domain.model_set import ModelSet, Release, ServedVersion, write_model_set
from serving.engine.catalog import scan

PRODUCT = Path(__file__).parents[3] / "model_repo"


@pytest.fixture
def vendor() -> Vendor:
    return new_vendor()


def pack(out: Path, vendor: Vendor | None, *versions: Path, release: Release | None = None) -> Path:
    order = BundleOrder(versions, release, "0.1.0")
    make_bundle(order, vendor.key if vendor else None, out, quiet)
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {name: content for name, (_, content) in tree(folder).items() if content is not None}


def test_a_real_model_comes_out_bit_for_bit_and_is_served(tmp_path: Path, vendor: Vendor) -> None:
    source = PRODUCT / "hrnet_covid/1"
    bundle = pack(tmp_path / "a.aibox", vendor, source)
    box = new_box(tmp_path, vendor)
    done = import_bundle(bundle, box, quiet)
    assert files(box.models / "hrnet_covid/1") == files(source)
    catalog = scan([box.models])
    assert [version.key for version in catalog.versions] == [("hrnet_covid", 1)]
    for variant in catalog.versions[0].manifest.variants:
        catalog.versions[0].verify(variant)
    assert done.signer.name == VENDOR
    assert [path.name for path in box.models.iterdir()] == ["hrnet_covid"]


def test_any_tar_can_read_it_and_the_order_is_that_of_the_list(
    tmp_path: Path, vendor: Vendor
) -> None:
    versions = [make_version(tmp_path / "v", name) for name in ("b", "a")]
    bundle = pack(tmp_path / "a.aibox", vendor, *versions)
    with tarfile.open(bundle, "r:") as archive:
        names = archive.getnames()
        listed = json.load(archive.extractfile("bundle.json"))
        signature = json.load(archive.extractfile("bundle.sig"))
    wanted = [f"models/{m['name']}/{m['version']}/{f['path']}"
              for m in listed["models"] for f in m["files"]]  # fmt: skip
    assert names == ["bundle.json", "bundle.sig", *wanted]
    assert [model["name"] for model in listed["models"]] == ["a", "b"]
    assert signature["key_id"] == vendor.key_id
    assert bundle.stat().st_mode & 0o777 == 0o600


def test_a_bundle_by_hand_is_the_one_that_is_made(tmp_path: Path, vendor: Vendor) -> None:
    """The hostile ones are made by the same hand, so it has to write what the product writes."""
    version = make_version(tmp_path / "v")
    made = pack(tmp_path / "a.aibox", vendor, version)
    parts = Parts.of(version, vendor.key)
    with tarfile.open(made, "r:") as archive:
        made_at = json.load(archive.extractfile("bundle.json"))["made_at"]
    assert replace(parts, listed=parts.listed | {"made_at": made_at}).bundle() == made.read_bytes()


def test_a_repeat_is_refused_and_changes_nothing(tmp_path: Path, vendor: Vendor) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    box = new_box(tmp_path, vendor)
    import_bundle(bundle, box, quiet)
    before = tree(box.state_root)
    with pytest.raises(VersionExists, match="on this box already"):
        import_bundle(bundle, box, quiet)
    assert tree(box.state_root) == before


def test_a_version_with_other_content_is_never_replaced(tmp_path: Path, vendor: Vendor) -> None:
    box = new_box(tmp_path, vendor)
    mine = make_version(box.models)
    (mine / "model.toml").write_text((mine / "model.toml").read_text() + "# mine\n")
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    before = tree(box.state_root)
    with pytest.raises(VersionExists, match="with other content"):
        import_bundle(bundle, box, quiet)
    assert tree(box.state_root) == before


def test_a_version_in_another_repository_of_the_box_counts(tmp_path: Path, vendor: Vendor) -> None:
    box = new_box(tmp_path, vendor)
    product = tmp_path / "product"
    version = make_version(product)
    bundle = pack(tmp_path / "a.aibox", vendor, version)
    with pytest.raises(VersionExists):
        import_bundle(bundle, replace(box, repositories=(product, box.models)), quiet)
    assert not any(box.models.iterdir())


class TestOrigin:
    def test_it_names_the_signer_and_the_very_bundle(self, tmp_path: Path, vendor: Vendor) -> None:
        bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
        box = new_box(tmp_path, vendor)
        done = import_bundle(bundle, box, quiet)
        found = read_origin(box.state_root, "example", 3)
        assert found is not None
        assert (found.key_id, found.signer, found.signed) == (vendor.key_id, VENDOR, True)
        assert found.bundle_sha256 == done.sha256
        assert done.sha256 == verify_bundle(bundle, _trust(box), 2**30, quiet).sha256

    def test_an_unsigned_one_is_said_to_be(self, tmp_path: Path) -> None:
        bundle = pack(tmp_path / "a.aibox", None, make_version(tmp_path / "v"))
        box = new_box(tmp_path, allow_unsigned=True)
        import_bundle(bundle, box, quiet)
        found = read_origin(box.state_root, "example", 3)
        assert found is not None
        assert (found.key_id, found.signer, found.signed) == (None, None, False)

    def test_an_unknown_key_vouches_for_nothing(self, tmp_path: Path, vendor: Vendor) -> None:
        bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
        box = new_box(tmp_path, allow_unsigned=True)
        assert import_bundle(bundle, box, quiet).signer.standing is Standing.UNKNOWN
        found = read_origin(box.state_root, "example", 3)
        assert found is not None
        assert not found.signed

    def test_a_version_that_changed_since_has_none(self, tmp_path: Path, vendor: Vendor) -> None:
        bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
        box = new_box(tmp_path, vendor)
        import_bundle(bundle, box, quiet)
        with (box.models / "example/3/model.toml").open("a") as file:
            file.write("# changed\n")
        assert read_origin(box.state_root, "example", 3) is None

    @pytest.mark.parametrize("name", ["example", "../trust/x", "", "a/b", "\0"])
    def test_what_came_in_no_bundle_has_none(self, tmp_path: Path, name: str) -> None:
        box = new_box(tmp_path)
        make_version(box.models)
        assert read_origin(box.state_root, name, 3) is None

    def test_a_signed_bundle_vouches_for_an_equal_version_that_is_there(
        self, tmp_path: Path, vendor: Vendor
    ) -> None:
        """As after a crash between the version and its record, or for an unsigned copy before."""
        one, two = make_version(tmp_path / "v", "one"), make_version(tmp_path / "v", "two")
        box = new_box(tmp_path, vendor, allow_unsigned=True)
        import_bundle(pack(tmp_path / "1.aibox", None, one), box, quiet)
        done = import_bundle(pack(tmp_path / "2.aibox", vendor, one, two), box, quiet)
        assert [model.name for model in done.arrivals.new] == ["two"]
        assert [model.name for model in done.arrivals.present] == ["one"]
        found = read_origin(box.state_root, "one", 3)
        assert found is not None
        assert found.key_id == vendor.key_id


class TestReleases:
    RELEASE = Release(name="chest_ct", version=2, pipeline="chest_ct", models={"one": 3, "two": 3},
                      parameters={"threshold": "0.5"})  # fmt: skip

    def _bundle(self, tmp_path: Path, vendor: Vendor) -> Path:
        versions = [make_version(tmp_path / "v", name) for name in ("one", "two")]
        return pack(tmp_path / "r.aibox", vendor, *versions, release=self.RELEASE)

    def test_it_comes_with_its_models(self, tmp_path: Path, vendor: Vendor) -> None:
        box = new_box(tmp_path, vendor)
        import_bundle(self._bundle(tmp_path, vendor), box, quiet)
        assert find_release(box.state_root, "chest_ct@2") == self.RELEASE
        assert {path.name for path in box.models.iterdir()} == {"one", "two"}

    def test_models_that_are_here_are_no_obstacle(self, tmp_path: Path, vendor: Vendor) -> None:
        box = new_box(tmp_path, vendor)
        for name in ("one", "two"):
            make_version(box.models, name)
        done = import_bundle(self._bundle(tmp_path, vendor), box, quiet)
        assert done.arrivals.new == ()
        assert find_release(box.state_root, "chest_ct@2") == self.RELEASE

    def test_another_of_that_name_is_never_replaced(self, tmp_path: Path, vendor: Vendor) -> None:
        box = new_box(tmp_path, vendor)
        other = self.RELEASE.model_copy(update={"parameters": {}})
        served = tuple(
            ServedVersion(name=name, version=3, manifest_sha256="0" * 64) for name in ("one", "two")
        )
        labels = {"one": {"stable": 3}, "two": {"stable": 3}}
        model_set = ModelSet(generation=1, versions=served, labels=labels, releases=(other,))
        write_model_set(box.state_root / "model-set.json", model_set)
        before = tree(box.state_root)
        with pytest.raises(VersionExists, match="release chest_ct@2 is here already"):
            import_bundle(self._bundle(tmp_path, vendor), box, quiet)
        assert tree(box.state_root) == before

    def test_when_the_release_cannot_be_written_its_models_go_again(
        self, tmp_path: Path, vendor: Vendor
    ) -> None:
        box = new_box(tmp_path, vendor)
        (box.state_root / "releases").write_text("a file in the way")
        (box.state_root / "trust/signatures").mkdir()
        before = tree(box.state_root)
        with pytest.raises(InvalidRequest, match="cannot be written"):
            import_bundle(self._bundle(tmp_path, vendor), box, quiet)
        assert tree(box.state_root) == before

    @pytest.mark.parametrize("reference", ["chest_ct@9", "../model-set", "", "chest_ct"])
    def test_an_unknown_one_is_not_found(self, tmp_path: Path, reference: str) -> None:
        with pytest.raises(ModelNotFound):
            find_release(new_box(tmp_path).state_root, reference)


class TestMaking:
    def test_a_release_needs_its_models(self, tmp_path: Path, vendor: Vendor) -> None:
        version = make_version(tmp_path / "v", "one")
        with pytest.raises(InvalidRequest, match="does not hold"):
            pack(tmp_path / "a.aibox", vendor, version, release=TestReleases.RELEASE)
        assert [path.name for path in tmp_path.iterdir()] == ["v"]

    def test_a_version_that_is_not_what_it_says_is_not_packed(
        self, tmp_path: Path, vendor: Vendor
    ) -> None:
        version = make_version(tmp_path / "v")
        (version / "fp32/model.bin").write_bytes(b"changed")
        with pytest.raises(InvalidRequest, match="is missing, or differs"):
            pack(tmp_path / "a.aibox", vendor, version)
        assert [path.name for path in tmp_path.iterdir()] == ["v"]

    def test_links_are_not_packed(self, tmp_path: Path, vendor: Vendor) -> None:
        version = make_version(tmp_path / "v")
        (version / "secret").symlink_to("/etc/passwd")
        with pytest.raises(InvalidRequest, match="a link"):
            pack(tmp_path / "a.aibox", vendor, version)

    @pytest.mark.parametrize("name", [".hidden", "a:b", "ä.txt", "n\n"])
    def test_odd_names_are_not_packed(self, tmp_path: Path, vendor: Vendor, name: str) -> None:
        version = make_version(tmp_path / "v")
        (version / name).write_text("x")
        with pytest.raises(InvalidRequest, match="cannot be bundled"):
            pack(tmp_path / "a.aibox", vendor, version)

    def test_nothing_is_overwritten(self, tmp_path: Path, vendor: Vendor) -> None:
        version = make_version(tmp_path / "v")
        out = tmp_path / "a.aibox"
        out.write_text("mine")
        with pytest.raises(InvalidRequest, match="is there already"):
            pack(out, vendor, version)
        assert out.read_text() == "mine"

    def test_a_stop_leaves_no_half_file(self, tmp_path: Path, vendor: Vendor) -> None:
        order = BundleOrder((make_version(tmp_path / "v"),), None, "0.1.0")

        def stop(share: float, stage: str) -> None:
            if share > 0.5:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make_bundle(order, vendor.key, tmp_path / "a.aibox", stop)
        assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_a_stop_leaves_the_box_as_it_was(tmp_path: Path, vendor: Vendor) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    box = new_box(tmp_path, vendor)
    before = tree(box.state_root)

    def stop(share: float, stage: str) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_bundle(bundle, box, stop)
    assert tree(box.state_root) == before


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, vendor: Vendor) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    box = new_box(tmp_path, vendor)
    before = tree(box.state_root)

    def grow(share: float, stage: str) -> None:
        with bundle.open("ab") as file:
            file.write(b"x")

    with pytest.raises(InvalidRequest, match="goes on after its end"):
        import_bundle(bundle, box, grow)
    assert tree(box.state_root) == before


def test_a_killed_import_leaves_no_version_and_the_next_one_sweeps_up(
    tmp_path: Path, vendor: Vendor
) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    box = new_box(tmp_path, vendor)

    def die(share: float, stage: str) -> None:
        if share > 0.5:
            os._exit(9)  # as after kill -9: nothing is tidied up

    child = os.fork()
    if child == 0:
        import_bundle(bundle, box, die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert [path.name[:9] for path in box.models.iterdir()] == [".staging-"]
    assert scan([box.models]).versions == ()
    import_bundle(bundle, box, quiet)
    assert [path.name for path in box.models.iterdir()] == ["example"]


def test_a_state_directory_that_is_not_there_is_said(tmp_path: Path, vendor: Vendor) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    nowhere = tmp_path / "none"
    place = ImportPlace(nowhere, (nowhere / "models",), TrustSettings(allow_unsigned=True))
    with pytest.raises(InvalidRequest, match="cannot be written"):
        import_bundle(bundle, place, quiet)
    assert not nowhere.exists()


def test_of_imports_at_once_one_wins(tmp_path: Path, vendor: Vendor) -> None:
    bundle = pack(tmp_path / "a.aibox", vendor, make_version(tmp_path / "v"))
    box = new_box(tmp_path, vendor)

    def attempt(_: int) -> str:
        try:
            import_bundle(bundle, box, quiet)
        except VersionExists:
            return "there"
        return "imported"

    with ThreadPoolExecutor(8) as pool:
        ended = sorted(pool.map(attempt, range(8)))
    assert ended == ["imported"] + ["there"] * 7
    assert files(box.models / "example/3") == files(tmp_path / "v/example/3")
    assert read_origin(box.state_root, "example", 3) is not None
    assert [path.name for path in box.models.iterdir()] == ["example"]


class TestVerify:
    @pytest.mark.parametrize("standing", list(Standing))
    def test_it_says_who_signed(self, tmp_path: Path, vendor: Vendor, standing: Standing) -> None:
        signing = None if standing is Standing.UNSIGNED else vendor
        bundle = pack(tmp_path / "a.aibox", signing, make_version(tmp_path / "v"))
        box = new_box(tmp_path, None if standing is Standing.UNKNOWN else vendor)
        if standing is Standing.REVOKED:
            _trust(box).revoke(vendor.key_id)
        before = tree(box.state_root)
        found = verify_bundle(bundle, _trust(box), TrustSettings().max_bytes, quiet)
        assert found.signer.standing is standing
        assert (found.signer.refusal("a.aibox") is None) == (standing is Standing.TRUSTED)
        assert tree(box.state_root) == before


def _trust(box: ImportPlace) -> TrustStore:
    return TrustStore.of(box.state_root)
