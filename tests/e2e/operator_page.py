"""The operator page in a real browser: what a hand does and an eye sees."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

SWITCH_MS = 60_000
REFRESH_MS = 15_000
"""The page looks every three seconds; a machine under test is slow."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's; skips the test where there is none."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class OperatorPage:
    """One open page; `complaints` are what the browser wrote to its console."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(url)

    def change(self, button: str) -> str:
        """Presses it, confirms, waits for the end, closes; returns what the dialog said last."""
        self.page.get_by_role("button", name=button, exact=True).click()
        return self.confirm()

    def confirm(self) -> str:
        """Confirms what the open dialog asks."""
        self.page.get_by_role("button", name="Confirm").click()
        state = self.page.locator("#confirm-state")
        expect(state).to_have_class(re.compile("good|bad"), timeout=SWITCH_MS)
        said = state.inner_text()
        self.page.get_by_role("button", name="Close").click()
        expect(self.page.get_by_role("dialog")).to_be_hidden()
        return said

    def sees(self, selector: str, *texts: str) -> Locator:
        """Waits until the place holds all of them; the page refreshes itself."""
        place = self.page.locator(selector)
        for text in texts:
            expect(place).to_contain_text(text, timeout=REFRESH_MS)
        return place
