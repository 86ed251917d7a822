"""A real Chromium, headless, for one person at a time or several side by side."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Error, TimeoutError, expect, sync_playwright

from tests.browser.offices import with_office

__all__ = ["with_office"]

ARTIFACTS = Path(__file__).parents[2] / "test-artifacts"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Files that a test serves in a server's place come from nowhere, by Chromium's lights, and
    # from there nothing on this machine might be asked.
    "--disable-features=LocalNetworkAccessChecks",
]

# Chromium warns of a pair of sandbox flags that every office client needs. It would matter if the
# frame had the host page's own origin, which it never has.
NO_COMPLAINT = "allow-scripts and allow-same-origin for its sandbox attribute"

# Pages look again every 15 seconds: what they have not seen the first time they see then.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium():
    executable = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if executable is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        except Error as error:
            pytest.skip(f"Chromium does not start: {error.message.splitlines()[0]}")
        yield browser
        browser.close()


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, demo, context, name):
        self.demo = demo
        self.name = name
        self.context = context
        self.complaints = []
        self.allowed = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page = context.new_page()

    def _console(self, message):
        if message.type in ("error", "warning") and NO_COMPLAINT not in message.text:
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def expected(self, text):
        """The browser's complaints with this text are what the test is about."""
        self.allowed.append(text)

    def unexpected(self):
        return [each for each in self.complaints if not any(text in each for text in self.allowed)]

    def sign_in(self):
        self.page.goto(self.demo.nuxeo_url)
        self.page.fill("input[name=user_name]", self.name)
        self.page.fill("input[name=user_password]", self.name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/ui/**")
        return self

    def follow(self, selector):
        """Click a link that opens a tab, and go on there."""
        with self.context.expect_page() as opened:
            self.page.click(selector)
        self.page = opened.value
        return self.page

    def open(self, uid, action="edit", xpath="file:content"):
        self.page.goto(f"{self.demo.connector_url}wopi/{action}/default/{uid}/{xpath}")
        return self.frame()

    def frame(self):
        return self.page.frame_locator("#office-frame")

    def picture(self, name):
        self.picture_of(self.page, name)

    def picture_of(self, page, name):
        ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTIFACTS / f"{name}.png")


def click_save(frame):
    """Have the demo office save what was typed; on a busy machine it may do so by itself first."""
    button = frame.locator("#save")
    try:
        button.click(timeout=10_000)
    except TimeoutError:
        # Then there is nothing left to save.
        expect(button).to_be_disabled()


@pytest.fixture
def person(demo, chromium):
    """Makes people. In the end nobody's browser may have anything to complain about."""
    people = []

    def make(name, **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        people.append(Person(demo, context, name))
        return people[-1]

    yield make
    for someone in people:
        someone.context.close()
    complaints = {someone.name: someone.unexpected() for someone in people if someone.unexpected()}
    assert not complaints
