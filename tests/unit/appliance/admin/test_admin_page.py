"""The operator page: rendered for a caller, hostile texts as text, its numbers."""

from __future__ import annotations

import math
import os
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.admin.page.histogram import Histogram
from appliance.admin.page.latency_reading import LatencyReading
from appliance.admin.page.recent_latency import STEP_S, WINDOW_S, RecentLatency
from appliance.admin.page.rollback_preview import rollback_changes
from appliance.admin.page.serving_panel import _precision
from appliance.admin.page.wording import cpus, period, seconds
from serving.audit.log import AuditLog
from serving.domain.access import Role
from serving.domain.audit import AuditEvent, Outcome
from serving.domain.job import JobRequest
from serving.domain.lane import Lane
from serving.domain.node_report import NodeReport, ServedModel
from serving.rpc.queue_board import NodeLoad, QueueBoard
from tests.unit.appliance.admin.small_admin import SmallAdmin
from tests.unit.appliance.canary.some_pairs import pair

HOSTILE = "<script>alert('1')</script><img src=x onerror=alert(2)>\"'"
FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
OUTSIDE = ("http:", "https:", "//")
DIGEST = "ab12" * 16


class Seen(HTMLParser):
    """Tags with their attributes, the text, and the buttons by their spoken name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def buttons(self) -> dict[str, dict[str, str]]:
        found = (attrs for tag, attrs in self.tags if tag == "button" and "data-path" in attrs)
        return {attrs["aria-label"]: attrs for attrs in found}

    @property
    def parts(self) -> list[str]:
        return [attrs["data-part"] for _, attrs in self.tags if "data-part" in attrs]


def look(admin: SmallAdmin, path: str = "/", **headers: str) -> Seen:
    answer = admin.http.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return Seen(answer.text)


def test_the_page_is_whole_and_needs_nothing_from_outside(admin: SmallAdmin) -> None:
    answer = admin.http.get("/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    seen = Seen(answer.text)
    for tag, attrs in seen.tags:
        for name, value in attrs.items():
            assert name != "style", tag
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href"):
                assert not value.startswith(OUTSIDE), value
    # A script or style of the document itself would be refused by that policy.
    assert [attrs["src"] for tag, attrs in seen.tags if tag == "script"] == ["/static/page.js"]
    assert "style" not in {tag for tag, _ in seen.tags}
    assert "/page/sections" not in admin.http.get("/openapi.json").json()["paths"]


@pytest.mark.parametrize("name", FILES)
def test_its_files(admin: SmallAdmin, name: str) -> None:
    answer = admin.http.get(f"/static/{name}")
    assert answer.headers["content-type"].startswith(FILES[name])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) > 100


@pytest.mark.parametrize("name", ["__init__.py", "..%2fapp.py", "%2e%2e", "page.css%00", "x"])
def test_no_other_file(admin: SmallAdmin, name: str) -> None:
    assert admin.http.get(f"/static/{name}").status_code == 404


def test_the_script_refreshes_what_the_document_holds(admin: SmallAdmin) -> None:
    assert look(admin).parts == look(admin, "/page/sections").parts
    answer = admin.http.get("/page/sections")
    assert "<html" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_versions_offer_what_can_be_done(admin: SmallAdmin) -> None:
    buttons = look(admin).buttons
    assert set(buttons) == {
        "Promote unet version 2",
        "Load unet version 2",
        "Promote lonely version 1",
        "Load lonely version 1",
    }
    wanted = buttons["Promote unet version 2"]
    assert (wanted["data-method"], wanted["data-path"]) == (
        "POST",
        "/v1/models/unet/versions/2/promote",
    )
    admin.change(wanted["data-method"], wanted["data-path"])
    after = look(admin).buttons
    assert "Promote unet version 2" not in after
    told = after["Roll back the last change"]["data-text"]
    assert told.startswith(
        "unet: stable moves from version 2 back to 1; "
        "studies of chest_ct run chest_ct@1 instead of chest_ct@2"
    )
    admin.change("POST", after["Roll back the last change"]["data-path"])
    assert "Promote unet version 2" in look(admin).buttons


def test_what_serves_on_which_cpus_and_how_long_the_queue_is(admin: SmallAdmin) -> None:
    model = ServedModel(
        name="unet",
        version=1,
        digest=DIGEST,
        precision="int8",
        effective_precision="bf16",
        streams=2,
        threads=4,
        loaded_from_cache=True,
    )
    report = NodeReport(
        node=0,
        pid=os.getpid(),
        cpus=(0, 1, 2, 3, 8),
        memory_policy="none",
        address="a:1",
        generation=7,
        models=(model,),
    )
    (admin.state.run / "node-0.json").write_text(report.model_dump_json())
    with closing(QueueBoard(admin.state.run / "queues.board", 1)) as board:
        board.publish(NodeLoad(0, length=5, slots=2, interactive=1))
        text = " ".join(look(admin).text.split())
    assert "unet 1 stable int8, computed in bf16 ab12ab12ab12 0" in text
    assert "hrnet 1 stable – – – not on 0" in text
    assert "Waiting3 Busy slots2 of 2" in text
    assert "node 0 at generation 7 0–3, 8" in text


def test_a_precision_is_explained_where_it_is_not_what_it_is_called() -> None:
    found = [_precision(*each) for each in (("fp32", "f32"), ("bf16", "bf16"), ("int8", "f32"))]
    assert found == ["fp32", "bf16", "int8, computed in f32"]


def test_a_canary_with_its_agreement(admin: SmallAdmin) -> None:
    body = {"name": "chest_ct", "models": {"hrnet": 1, "unet": 2}}
    admin.change("POST", "/v1/releases", body)
    start = look(admin).buttons["Try chest_ct@2 as a canary"]
    assert (start["data-form"], start["data-release"]) == ("canary", "chest_ct@2")
    wanted = {"release": start["data-release"], "share": 0.25, "callers": ["<b>"]}
    admin.change(start["data-method"], start["data-path"], wanted)
    for number in range(3):
        # The canary began after those of 2026: judged by what was read since, they do not count.
        admin.parts.pairs.add(pair(number, dice=0.9, severities=(2, 3)))
    seen = look(admin)
    told = " ".join(seen.text.split())
    assert "Studies run chest_ct@1, chest_ct@2 is tried as canary on 25 % of them" in told
    assert "on all of <b>." in told
    assert seen.buttons["Stop the canary chest_ct@2"]["data-method"] == "DELETE"
    assert "Canary chest_ct@2 against chest_ct@1" in told


def test_a_shadow_is_drawn(admin: SmallAdmin) -> None:
    admin.change("POST", "/v1/releases", {"name": "chest_ct", "models": {"hrnet": 1, "unet": 2}})
    admin.change("PUT", "/v1/routes/chest_ct/shadow", {"release": "chest_ct@2"})
    for number in range(3):
        admin.parts.pairs.add(pair(number, dice=0.9, severities=(2, 3)))
    seen = look(admin)
    assert [tag for tag, _ in seen.tags].count("svg") == 2
    ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "chest_ct-shadow-dice-title" in ids
    assert "3 studies read by both, 3 compared." in " ".join(seen.text.split())


def test_hostile_texts_are_text(admin: SmallAdmin) -> None:
    release = {
        "name": "chest_ct",
        "models": {"hrnet": 1, "unet": 1},
        "parameters": {"threshold": HOSTILE},
    }
    admin.change("POST", "/v1/releases", release)
    request = JobRequest(
        kind="study",
        pipeline=HOSTILE,
        pipeline_version="1",
        lane=Lane.STAT,
        idempotency_key="k",
        parameters={"PatientName": "DOE^JANE"},
        release=HOSTILE,
    )
    admin.parts.jobs.create("0" * 32, request)
    html = admin.http.get("/").text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "DOE" not in html
    assert Seen(html).text.count(HOSTILE) == 3


def test_a_viewer_sees_no_jobs_no_audit_and_no_buttons(tmp_path: Path) -> None:
    with SmallAdmin(tmp_path, tokens_required=True) as admin:
        assert admin.http.get("/").status_code == 401
        assert admin.http.get("/static/page.js").status_code == 401
        viewer, vendor, operator = (look(admin, **admin.token(role)) for role in Role)
    assert viewer.parts == ["state", "serving", "load", "changes", "versions", "releases"]
    assert not viewer.buttons
    assert "You may look and not change anything" in viewer.text
    other, first = sorted((vendor, operator), key=lambda seen: len(seen.parts))
    assert other.parts == viewer.parts
    assert first.parts == [*viewer.parts, "jobs", "audit"]
    assert other.buttons.keys() == first.buttons.keys()
    assert other.buttons


def test_the_audit_newest_first(admin: SmallAdmin) -> None:
    log = AuditLog(admin.parts.audit_dir)
    for number in range(20):
        event = AuditEvent(
            actor="acme",
            role="vendor",
            action="model.promote",
            subject=f"thing {number}",
            outcome=Outcome.REFUSED,
            detail="no",
        )
        log.record(event)
    text = look(admin).text
    assert text.index("thing 19") < text.index("thing 18")
    assert "thing 7" not in text


def test_a_failed_change_says_why(admin: SmallAdmin) -> None:
    admin.refused("POST", "/v1/models/unet/versions/9/promote")
    assert "no version 9 of a model unet" in look(admin).text


def test_nothing_served_before_so_there_is_no_way_back(admin: SmallAdmin) -> None:
    assert rollback_changes(admin.parts.switcher.committed, ()) == ()
    assert "Roll back" not in look(admin).text


def test_the_preview_of_a_canary_that_stops_and_begins_again(admin: SmallAdmin) -> None:
    admin.change("POST", "/v1/releases", {"name": "chest_ct", "models": {"hrnet": 1, "unet": 2}})
    wanted = {"release": "chest_ct@2", "share": 0.5}
    admin.change("PUT", "/v1/routes/chest_ct/canary", wanted)
    button = look(admin).buttons["Roll back the last change"]
    assert button["data-text"].startswith("the canary chest_ct@2 of chest_ct stops.")
    admin.change("POST", "/v1/rollback")
    button = look(admin).buttons["Roll back the last change"]
    assert button["data-text"].startswith("chest_ct@2 becomes the canary of chest_ct again.")


def _histogram(values: list[float], bounds: tuple[float, ...] = (0.1, 1.0, 10.0)) -> Histogram:
    return Histogram({b: float(sum(v <= b for v in values)) for b in (*bounds, math.inf)})


def test_quantiles_as_prometheus_has_them() -> None:
    found = _histogram([0.05] * 50 + [0.5] * 45 + [5.0] * 5)
    assert found.quantile(0.5) == pytest.approx(0.1)
    assert found.quantile(0.95) == pytest.approx(1.0)
    assert found.quantile(0.25) == pytest.approx(0.05)
    assert _histogram([]).quantile(0.5) is None
    assert Histogram({}).quantile(0.5) is None
    assert _histogram([100.0]).quantile(0.5) == math.inf


@given(st.lists(st.floats(0.001, 9.0), min_size=1), st.floats(0.01, 0.99))
def test_a_quantile_lies_in_the_bucket_of_the_value(values: list[float], share: float) -> None:
    found = _histogram(values).quantile(share)
    true = sorted(values)[math.ceil(share * len(values)) - 1]
    bound = next(b for b in (0.1, 1.0, 10.0) if true <= b)
    below = max((b for b in (0.0, 0.1, 1.0) if b < bound), default=0.0)
    assert found is not None
    assert below <= found <= bound * (1 + 1e-9)


@given(st.lists(st.floats(0.001, 50.0)), st.lists(st.floats(0.001, 50.0)))
def test_what_came_since_is_the_difference(first: list[float], then: list[float]) -> None:
    both = _histogram(first).plus(_histogram(then))
    assert both.since(_histogram(first)) == _histogram(then)
    assert both.count == len(first) + len(then)


def test_counting_that_began_anew_is_taken_whole() -> None:
    assert _histogram([0.5]).since(_histogram([0.5, 0.5])) == _histogram([0.5])


def _reading(values: list[float]) -> LatencyReading:
    return LatencyReading({("unet", "1"): _histogram(values)}, {})


def test_latency_of_the_last_minutes() -> None:
    now = [0.0]
    recent = RecentLatency(lambda: now[0])
    assert recent.after(_reading([5.0])).seconds is None
    now[0] = STEP_S
    found = recent.after(_reading([5.0, 0.05]))
    assert found.seconds == STEP_S
    assert found.reading.waiting["unet", "1"] == _histogram([0.05])
    now[0] = STEP_S + WINDOW_S
    found = recent.after(_reading([5.0, 0.05, 0.06]))
    assert found.seconds == WINDOW_S
    assert found.reading.waiting["unet", "1"] == _histogram([0.06])
    now[0] = 10 * WINDOW_S
    assert recent.after(_reading([5.0])).seconds is None


def test_numbers_in_words() -> None:
    found = [seconds(each) for each in (None, 0.00123, 0.25, 2.5, math.inf)]
    assert found == ["–", "1.23 ms", "250 ms", "2.5 s", "over 30 s"]
    assert [period(each) for each in (None, 30.0, 299.0)] == [
        "since the box started",
        "over the last 30 s",
        "over the last 5 min",
    ]
    assert [cpus(each) for each in ((), (3,), (0, 1, 2, 8, 9))] == ["–", "3", "0–2, 8–9"]
