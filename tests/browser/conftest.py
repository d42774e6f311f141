"""A headless Chromium, where one is installed, and pages to open in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from tests.unit.reporting.conftest import AT, BUCKET, Bucket
from tests.unit.reporting.sample import RUN, artifacts
from tuner.aws.s3.run_folder import RunFolder
from tuner.reporting import Report, build

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--window-size=1200,900",
)

_AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
_SERIOUS = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then((found) => done(
  found.violations.filter((entry) => ["serious", "critical"].includes(entry.impact))
    .map((entry) => `${entry.id}: ${entry.nodes.map((node) => node.target.join(" ")).slice(0, 3).join("; ")}`)));
"""
_AFTER_A_FRAME = "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"


def _program(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name))), None)


class Browser:
    """A browser that records the requests and console errors of a page."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self._folder = folder

    def open(
        self, html: str, *, scheme: str = "light", width: int = 1200, media: str = "screen", script: bool = True
    ) -> None:
        """Opens a page from a file, like a downloaded report."""
        path = self._folder / "index.html"
        path.write_text(html, "utf-8")
        self.command(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        self.command("Emulation.setScriptExecutionDisabled", value=not script)
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self._logs("performance"), self._logs("browser")
        self.driver.get(path.as_uri())
        if script:
            # Chromium drops keys that come before the first frame of a page.
            self.driver.execute_async_script(_AFTER_A_FRAME)

    def command(self, name: str, **arguments: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs a script and returns its result."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> Any:
        """The first element."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def shown(self) -> list[str]:
        """Ids of the questions that are shown, in their order."""
        return self.run("return [...document.querySelectorAll('.question:not([hidden])')].map((node) => node.id)")

    def console_errors(self) -> list[str]:
        """Errors and violations of the content security policy since the page was opened."""
        return [entry["message"] for entry in self._logs("browser")]

    def requests(self) -> list[str]:
        """Requests since the page was opened, without the page itself and data: URLs."""
        events = [json.loads(entry["message"])["message"] for entry in self._logs("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:") and url != self.driver.current_url]

    def accessibility_violations(self) -> list[str]:
        """Serious and critical violations that axe finds: rule and elements."""
        if not _AXE.exists():
            pytest.skip("axe-core is not installed: run `npm ci`")
        self.run(_AXE.read_text("utf-8"))
        return self.driver.execute_async_script(_SERIOUS)

    def _logs(self, kind: str) -> list[dict[str, Any]]:
        return self.driver.get_log(kind)


@pytest.fixture(scope="session")
def _driver() -> Iterator[webdriver.Chrome]:
    chromium, chromedriver = _program("chromium", "chromium-browser", "google-chrome"), _program("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip(
            "no Chromium with its chromedriver on this machine: install the packages chromium and chromium-driver"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in _FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture
def browser(_driver: webdriver.Chrome, tmp_path: Path) -> Browser:
    return Browser(_driver, tmp_path)


@pytest.fixture(scope="session")
def reported() -> Callable[[int], Report]:
    """Makes the report of a run with the given number of questions."""

    def made(questions: int = 8) -> Report:
        folder = RunFolder(BUCKET, RUN, Bucket())
        for name, data in artifacts(questions).items():
            folder.write(name, data)
        return build(folder, at=AT)

    return made
