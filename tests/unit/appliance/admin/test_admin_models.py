"""Models and versions over HTTP, on a real registry."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from provisioning.bundle.origin import Origin, write_origin
from serving.domain.access import Role
from serving.domain.audit import Outcome
from serving.domain.errors import CorruptModel
from tests.unit.appliance.admin.small_admin import SmallAdmin
from tests.unit.appliance.registry.tiny_versions import write_predictor, write_version

UNET_2 = "/v1/models/unet/versions/2"


def test_what_there_is_and_what_serves(admin: SmallAdmin) -> None:
    found = {model["name"]: model for model in admin.http.get("/v1/models").json()}
    assert set(found) == {"hrnet", "lonely", "unet"}
    assert (found["unet"]["stable"], found["lonely"]["stable"]) == (1, None)
    first, second = found["unet"]["versions"]
    assert (first["state"], first["serving"], first["labels"]) == ("active", True, ["stable"])
    assert first["releases"] == ["chest_ct@1"]
    assert (first["origin"], second["origin"]) == ("product", "imported")
    assert (second["state"], second["serving"]) == ("imported", False)
    assert admin.http.get("/v1/models/unet").json() == found["unet"]
    assert admin.http.get("/v1/models/none").status_code == 404
    assert admin.http.get("/v1/models/NONE").status_code == 422


def test_a_version_tells_its_variants_and_who_signed_it(admin: SmallAdmin) -> None:
    record = admin.box.record("unet", 2)
    origin = Origin(
        name="unet",
        version=2,
        manifest_sha256=record.manifest_sha256,
        bundle_sha256="0" * 64,
        key_id="0" * 16,
        signer="acme",
        imported_at=datetime.now(UTC),
    )
    write_origin(admin.state.root, origin)
    found = admin.http.get(UNET_2).json()
    assert found["version"]["signed_by"] == "acme"
    (variant,) = found["variants"]
    assert (variant["name"], variant["default"], variant["promotable"]) == ("fp32", True, True)
    shutil.rmtree(record.folder)
    gone = admin.http.get(UNET_2).json()
    assert gone["variants"] == []
    assert gone["version"]["signed_by"] is None
    assert "model.toml" in gone["manifest_error"]


def test_a_promotion_moves_stable_and_the_release(admin: SmallAdmin) -> None:
    done = admin.change("POST", f"{UNET_2}/promote")
    assert (done["state"], done["generation"], done["progress"]) == ("done", 2, 1.0)
    assert admin.http.get("/v1/models/unet").json()["stable"] == 2
    assert admin.http.get("/v1/routes").json()[0]["stable"] == "chest_ct@2"
    assert admin.box.agrees()
    back = admin.change("POST", "/v1/rollback")
    assert back["generation"] == 3
    assert admin.http.get("/v1/models/unet").json()["stable"] == 1
    assert admin.box.audit.told == [
        ("local", "model.promote", Outcome.DONE),
        ("local", "models.rollback", Outcome.DONE),
    ]


def test_the_caller_is_in_the_operation_and_the_audit(admin: SmallAdmin) -> None:
    done = admin.change("POST", f"{UNET_2}/promote", **admin.token(Role.VENDOR))
    assert (done["actor"], done["role"]) == ("vendor", "vendor")
    assert admin.box.audit.told == [("vendor", "model.promote", Outcome.DONE)]


def test_a_version_is_loaded_beside_and_unloaded(admin: SmallAdmin) -> None:
    admin.change("POST", f"{UNET_2}/load")
    found = admin.http.get("/v1/models/unet").json()
    assert found["stable"] == 1
    assert [each["serving"] for each in found["versions"]] == [True, True]
    again = admin.change("POST", f"{UNET_2}/load")
    assert again["generation"] == 2, "what serves already is answered without a switch"
    admin.change("POST", f"{UNET_2}/unload")
    assert admin.box.committed is not None
    assert ("unet", 2) not in admin.box.committed.keys
    assert admin.refused("POST", f"{UNET_2}/unload")[:2] == (404, "model-not-found")
    status, kind, detail = admin.refused("POST", "/v1/models/unet/versions/1/unload")
    assert (status, kind) == (409, "illegal-transition")
    assert "chest_ct@1" in detail


def test_loading_a_model_looks_for_new_versions(admin: SmallAdmin) -> None:
    write_version(admin.box.models, "lonely", 7)
    admin.change("POST", "/v1/models/lonely/load")
    found = admin.http.get("/v1/models/lonely").json()
    assert found["stable"] == 7
    assert [each["serving"] for each in found["versions"]] == [True, True]
    admin.change("PUT", "/v1/models/lonely/labels/canary", {"version": 1})
    admin.change("POST", "/v1/models/lonely/unload")
    assert admin.http.get("/v1/models/lonely").json()["labels"] == {}
    assert admin.refused("POST", "/v1/models/lonely/unload")[:2] == (404, "model-not-found")
    assert admin.refused("POST", "/v1/models/none/load")[:2] == (404, "model-not-found")
    newest = admin.http.get("/v1/operations").json()[0]
    assert newest["subject"] == "unknown", "a name that the box does not know may be anybody's"
    write_predictor(admin.box.models, "trees")
    assert admin.refused("POST", "/v1/models/trees/load")[:2] == (404, "model-not-found")
    status, _, detail = admin.refused("POST", "/v1/models/unet/unload")
    assert status == 409
    assert "chest_ct@1" in detail
    assert admin.box.agrees()


def test_loading_a_model_that_serves_keeps_its_stable_version(admin: SmallAdmin) -> None:
    admin.change("POST", "/v1/models/unet/load")
    found = admin.http.get("/v1/models/unet").json()
    assert found["stable"] == 1
    assert [each["serving"] for each in found["versions"]] == [True, True]


def test_labels_point_and_go(admin: SmallAdmin) -> None:
    path = "/v1/models/unet/labels/canary"
    assert admin.refused("PUT", path, {"version": 2})[:2] == (404, "model-not-found")
    admin.change("POST", f"{UNET_2}/load")
    admin.change("PUT", path, {"version": 2})
    assert admin.http.get("/v1/models/unet").json()["labels"] == {"canary": 2, "stable": 1}
    status, _, detail = admin.refused("POST", f"{UNET_2}/unload")
    assert (status, "canary" in detail) == (409, True)
    admin.change("DELETE", path)
    assert admin.refused("DELETE", path)[0] == 404
    assert admin.refused("DELETE", "/v1/models/unet/labels/stable")[0] == 409
    assert admin.refused("PUT", "/v1/models/unet/labels/stable", {"version": 2})[0] == 409


def test_refresh_tells_what_is_new_and_serves_nothing(admin: SmallAdmin) -> None:
    assert admin.change("POST", "/v1/models/refresh")["result"] == "nothing new"
    write_version(admin.box.models, "unet", 3)
    shutil.rmtree(admin.box.models / "lonely")
    done = admin.change("POST", "/v1/models/refresh")
    assert done["result"] == "new: unet 3; gone: lonely 1"
    assert done["generation"] is None
    assert admin.box.audit.told[-1] == ("local", "models.refresh", Outcome.DONE)


def test_verifying_finds_a_changed_file(admin: SmallAdmin) -> None:
    assert "verified" in admin.change("POST", f"{UNET_2}/verify")["result"]
    folder = admin.box.record("unet", 2).folder
    (folder / "fp32" / "model.bin").write_bytes(b"other")
    status, kind, detail = admin.refused("POST", f"{UNET_2}/verify")
    assert (status, kind) == (500, "corrupt-model")
    assert "differs from the digest" in detail
    found = admin.http.get(UNET_2).json()["version"]
    assert (found["state"], found["reason"]) == ("imported", detail)
    assert admin.box.audit.told[-1] == ("local", "model.verify", Outcome.REFUSED)


def test_a_version_that_fails_its_trial_says_why(admin: SmallAdmin) -> None:
    admin.box.trial.refused["unet", 2] = CorruptModel("its self-test gives another answer")
    before = admin.box.committed
    refused = admin.refused("POST", f"{UNET_2}/promote")
    assert refused == (500, "corrupt-model", "its self-test gives another answer")
    assert admin.box.committed == before
    (operation,) = admin.http.get("/v1/operations").json()
    assert operation["error"]["kind"] == "corrupt-model"
    assert admin.http.get(UNET_2).json()["version"]["reason"] == refused[2]


@pytest.mark.parametrize(
    "body", [None, {}, {"version": 0}, {"version": 2**31}, {"version": 1, "more": 1}, [1], "1"]
)
def test_wrong_bodies_are_refused(admin: SmallAdmin, body: object) -> None:
    answer = admin.http.put("/v1/models/unet/labels/x", json=body)
    assert answer.status_code == 422
    assert admin.http.get("/v1/operations").json() == []


def test_bodies_are_bounded(admin: SmallAdmin) -> None:
    path = "/v1/models/unet/labels/x"
    long = json.dumps({"version": 1, "pad": "x" * 70_000}).encode()
    assert admin.http.put(path, content=long).status_code == 413
    # Sent in pieces, without saying how long it will be.
    streamed = admin.http.put(
        path,
        content=(long[at : at + 1000] for at in range(0, len(long), 1000)),
        headers={"content-type": "application/json"},
    )
    assert streamed.status_code == 413
    assert streamed.headers["content-type"] == "application/problem+json"
