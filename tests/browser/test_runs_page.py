"""The page of all runs in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Browser
from tests.unit.reporting.page.test_runs_page import later
from tuner.reporting.collect.run_summary import run_summary
from tuner.reporting.page.runs_page import runs_page

pytestmark = pytest.mark.browser


@pytest.fixture
def html(reported: Any) -> str:
    made = run_summary(reported())
    better = {"correctness": made.scores["correctness"].model_copy(update={"tuned": 10.0})}
    return runs_page([later(made, 3, scores={}), later(made, 2, scores=better), made])


def column(browser: Browser, index: int) -> list[str]:
    return browser.run(
        "return [...document.querySelectorAll('tbody tr')].map((row) => row.cells[arguments[0]].innerText)", index
    )


def test_columns_sort_both_ways_and_empty_cells_come_last(browser: Browser, html: str) -> None:
    browser.open(html)
    heading = browser.find("thead th:nth-child(8)")
    heading.find_element("css selector", "button").click()
    assert column(browser, 7) == ["2.00 → 6.12", "2.00 → 10.0", "–"]
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.find_element("css selector", "button").click()
    assert column(browser, 7) == ["2.00 → 10.0", "2.00 → 6.12", "–"]
    browser.find("thead th:first-child button").click()
    assert column(browser, 0) == sorted(column(browser, 0))


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_the_page_makes_no_requests_and_axe_finds_no_serious_violations(
    browser: Browser, html: str, scheme: str, width: int
) -> None:
    browser.open(html, scheme=scheme, width=width)
    assert browser.console_errors() == []
    assert browser.requests() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.accessibility_violations() == []
