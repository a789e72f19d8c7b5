"""Releases and routes over HTTP."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.appliance.admin.small_admin import SmallAdmin
from tests.unit.appliance.canary.some_pairs import pair

ROUTE = "/v1/routes/chest_ct"
BODY = {"name": "chest_ct", "models": {"hrnet": 1, "unet": 2}, "parameters": {"precision": "int8"}}


def _second(admin: SmallAdmin) -> None:
    assert admin.change("POST", "/v1/releases", BODY)["result"] == "chest_ct@2"


def test_a_release_is_made_promoted_and_removed(admin: SmallAdmin) -> None:
    _second(admin)
    first, second = admin.http.get("/v1/releases").json()
    assert (first["stable"], second["stable"]) == (True, False)
    assert second["parameters"] == {"precision": "int8"}
    assert admin.http.get("/v1/models/unet").json()["stable"] == 1, "it is only loaded"
    admin.change("POST", "/v1/releases/chest_ct/2/promote")
    assert admin.http.get("/v1/routes").json()[0]["stable"] == "chest_ct@2"
    assert admin.http.get("/v1/models/unet").json()["stable"] == 2
    assert admin.refused("DELETE", "/v1/releases/chest_ct/2")[0] == 409
    admin.change("DELETE", "/v1/releases/chest_ct/1")
    assert [r["reference"] for r in admin.http.get("/v1/releases").json()] == ["chest_ct@2"]
    assert admin.refused("POST", "/v1/releases/chest_ct/1/promote")[0] == 404
    assert admin.box.agrees()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"models": {"hrnet": 1}}, 422),
        ({"models": {"hrnet": 1, "unet": 1, "lonely": 1}}, 422),
        ({"models": {"hrnet": 1, "unet": 9}}, 404),
        ({"name": "other"}, 422),
        ({"name": "../x"}, 422),
        ({"models": {}}, 422),
        ({"models": {"hrnet": 1, "unet": True}}, 422),
        ({"parameters": {"A": "b"}}, 422),
        ({"parameters": {"a": "b" * 257}}, 422),
        ({"version": 3}, 422),
    ],
)
def test_a_release_that_cannot_be(admin: SmallAdmin, change: dict, status: int) -> None:
    before = admin.box.committed
    assert admin.refused("POST", "/v1/releases", BODY | change)[0] == status
    assert admin.box.committed == before


def test_a_canary_and_a_shadow_come_and_go(admin: SmallAdmin) -> None:
    _second(admin)
    canary = {"release": "chest_ct@2", "share": 0.25, "callers": ["pacs"]}
    admin.change("PUT", f"{ROUTE}/canary", canary)
    admin.change("PUT", f"{ROUTE}/shadow", {"release": "chest_ct@2"})
    (route,) = admin.http.get("/v1/routes").json()
    assert (route["canary"], route["share"], route["callers"]) == ("chest_ct@2", 0.25, ["pacs"])
    assert route["shadow"] == "chest_ct@2"
    admin.change("DELETE", f"{ROUTE}/canary")
    admin.change("DELETE", f"{ROUTE}/shadow")
    (route,) = admin.http.get("/v1/routes").json()
    assert (route["canary"], route["shadow"]) == (None, None)
    assert admin.refused("DELETE", f"{ROUTE}/canary")[0] == 409
    assert admin.refused("DELETE", f"{ROUTE}/shadow")[0] == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"release": "chest_ct@2"}, 422),
        ({"release": "chest_ct@2", "share": 1.5}, 422),
        ({"release": "chest_ct@2", "share": "NaN"}, 422),
        ({"release": "chest_ct@1", "share": 0.5}, 409),
        ({"release": "chest_ct@9", "share": 0.5}, 404),
        ({"release": "chest_ct@02", "share": 0.5}, 422),
        ({"release": "chest_ct@2", "share": 0.5, "callers": ["a b"]}, 422),
        ({"release": "chest_ct@2", "share": 0.5, "callers": ["a"] * 65}, 422),
    ],
)
def test_a_canary_that_cannot_be(admin: SmallAdmin, body: dict, status: int) -> None:
    _second(admin)
    assert admin.refused("PUT", f"{ROUTE}/canary", body)[0] == status


def test_a_release_of_another_pipeline_is_no_canary(admin: SmallAdmin) -> None:
    _second(admin)
    body = {"release": "chest_ct@2", "share": 0.5}
    status, kind, detail = admin.refused("PUT", "/v1/routes/mammo/canary", body)
    assert (status, kind) == (422, "invalid-request")
    assert "chest_ct" in detail


def test_the_comparison_in_numbers_and_drawings(admin: SmallAdmin) -> None:
    _second(admin)
    assert admin.http.get(f"{ROUTE}/comparison").json() == []
    assert "no study" in admin.http.get(f"{ROUTE}/comparison.svg").text
    admin.change("PUT", f"{ROUTE}/canary", {"release": "chest_ct@2", "share": 0.25})
    admin.change("PUT", f"{ROUTE}/shadow", {"release": "chest_ct@2"})
    for number in range(4):
        made = pair(number, dice=0.9, releases=("chest_ct@1", "chest_ct@2"))
        # The first is of an earlier try.
        later = datetime.now(UTC) + timedelta(hours=1)
        admin.parts.pairs.add(replace(made, finished_at=later) if number else made)
    canary, shadow = admin.http.get(f"{ROUTE}/comparison").json()
    assert (canary["role"], shadow["role"]) == ("canary", "shadow")
    assert (canary["summary"]["studies"], shadow["summary"]["studies"]) == (3, 4)
    assert canary["verdict"]["decision"] == "wait"
    drawn = admin.http.get(f"{ROUTE}/comparison.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(drawn.text)
    circles = root.iter("{http://www.w3.org/2000/svg}circle")
    assert len(list(circles)) == (3 + 4) * 2
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids)) == 8
    assert admin.http.get("/v1/routes/mammo/comparison").status_code == 404
