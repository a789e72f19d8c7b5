"""The operator page in a real Chromium: promotion, rollback, a canary watched, a log-in."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from appliance.admin.server import AdminServer
from appliance.canary.pair_store import PairStore
from loadtests.box import OwnBox
from serving.domain.access import Role
from tests.e2e.numbered_models import MODEL, answering, write
from tests.e2e.operator_page import REFRESH_MS, OperatorPage, chromium
from tests.unit.appliance.admin.small_admin import SmallAdmin
from tests.unit.appliance.canary.some_pairs import pair

PHONE = {"width": 400, "height": 800}
DESK = {"width": 1280, "height": 800}
ROLL_BACK = "Roll back the last change"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def own_box(tmp_path: Path) -> Iterator[OwnBox]:
    """Version 1 of a tiny model serves and is all that chest_ct needs; version 2 is there."""
    for version in (1, 2):
        write(tmp_path / "repository", version)
    settings = {
        "AIBOX__ENGINE__REPOSITORIES": json.dumps([str(tmp_path / "repository")]),
        "AIBOX__REGISTRY__DEFAULT_POLICY": '{"specific": {"versions": [1]}}',
        "AIBOX__PIPELINES__CHEST_CT_MODELS": json.dumps([MODEL]),
    }
    with OwnBox(settings, tmp_path / "state") as running:
        yield running


def test_an_operator_promotes_rolls_back_and_watches_a_canary(
    browser: Browser, own_box: OwnBox
) -> None:
    tab = browser.new_page(viewport=DESK)
    page = OperatorPage(tab, own_box.admin_url)
    page.sees(f'[data-served="{MODEL} 1"]', "stable")

    assert page.change(f"Promote {MODEL} version 2").startswith("Done. Generation")
    page.sees(f'[data-served="{MODEL} 2"]', "stable")
    page.sees('[data-route="chest_ct"]', "Studies run chest_ct@2.")
    assert answering(own_box.address) == 2

    assert page.change(ROLL_BACK).startswith("Done.")
    page.sees(f'[data-served="{MODEL} 1"]', "stable")
    assert answering(own_box.address) == 1
    assert page.change(ROLL_BACK).startswith("Done.")  # undoes the first
    page.sees('[data-route="chest_ct"]', "Studies run chest_ct@2.")
    assert answering(own_box.address) == 2

    _watch_a_canary(page, own_box)
    page.sees('[data-part="audit"]', "canary.stop chest_ct")
    assert page.complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") == DESK["width"]
    tab.set_viewport_size(PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def _watch_a_canary(page: OperatorPage, box: OwnBox) -> None:
    start = page.page.get_by_role("button", name="Try chest_ct@1 as a canary")
    start.click()
    page.page.get_by_label("Share of the studies").fill("0")
    assert page.confirm().startswith("Nothing changed: a canary needs a share above 0")
    start.click()
    page.page.get_by_label("Share of the studies").fill("25")
    assert page.confirm().startswith("Done.")
    page.sees('[data-route="chest_ct"]', "chest_ct@1 is tried as canary on 25 %")
    page.sees('[data-agreement="chest_ct@1"]', "0 studies read by both")
    with closing(PairStore(box.state_dir / "jobs.sqlite")) as store:
        for number, dice in enumerate((0.95, 0.9, 0.7)):
            found = pair(number, dice=dice, releases=("chest_ct@2", "chest_ct@1"))
            store.add(replace(found, finished_at=datetime.now(UTC)))
    place = page.sees('[data-agreement="chest_ct@1"]', "3 studies read by both", "0.90")
    expect(place.locator("svg")).to_have_count(2)
    assert page.change("Stop the canary chest_ct@1").startswith("Done.")
    expect(place).to_have_count(0, timeout=REFRESH_MS)


def test_by_keyboard_and_nothing_happens_unless_confirmed(browser: Browser, tmp_path: Path) -> None:
    with SmallAdmin(tmp_path) as admin, _served(admin) as url:
        page = OperatorPage(browser.new_page(viewport=DESK), url)
        button = page.page.get_by_role("button", name="Promote unet version 2")
        button.focus()
        page.page.keyboard.press("Enter")
        dialog = page.page.get_by_role("dialog", name="Promote unet version 2")
        expect(dialog).to_be_visible()
        page.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(button).to_be_focused()
        assert admin.parts.operations.list() == ()
        page.page.keyboard.press("Enter")
        page.page.get_by_role("button", name="Confirm").press("Enter")
        page.sees("#confirm-state", "Done. Generation 2 serves.")
        (operation,) = admin.parts.operations.list()
        assert (operation.action, operation.subject) == ("model.promote", "unet 2")


def test_a_page_that_gets_no_answer_says_that_it_is_old(browser: Browser, tmp_path: Path) -> None:
    with SmallAdmin(tmp_path) as admin:
        with _served(admin) as url:
            page = OperatorPage(browser.new_page(viewport=DESK), url)
        page.sees("#trouble", "What you see is old: the box does not answer.")


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_a_browser_logs_in_with_a_token_as_its_password(
    browser: Browser, tmp_path: Path, role: Role
) -> None:
    with SmallAdmin(tmp_path, tokens_required=True) as admin, _served(admin) as url:
        secret = admin.tokens.issue("night", role).secret
        login = {"username": "anything", "password": secret}
        with closing(browser.new_context(http_credentials=login)) as context:
            page = OperatorPage(context.new_page(), url)
            page.sees(".who", f"night ({role})", "as of ")
            assert page.complaints == []
            changing = page.page.get_by_role("button", name="Promote unet version 2")
            if role is Role.VIEWER:
                expect(changing).to_have_count(0)
            else:
                said = page.change("Promote unet version 2")
                assert said == "Done. Generation 2 serves."


@contextmanager
def _served(admin: SmallAdmin) -> Iterator[str]:
    """The admin API on a port of its own; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    with AdminServer(admin.app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
