"""The page of `tuner compare` in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Browser
from tests.unit.reporting.page.test_comparison_page import HOSTILE, compared
from tuner.reporting.page.comparison_page import comparison_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 360)])
def test_the_page_makes_no_requests_fits_and_axe_finds_no_serious_violations(
    browser: Browser, scheme: str, width: int
) -> None:
    runs = compared({"faq-2": 8, "faq-3": 3, "faq-4": 5})
    browser.open(comparison_page(HOSTILE, {**runs, HOSTILE * 3: runs["faq-2"]}), scheme=scheme, width=width)
    assert browser.run("return document.querySelectorAll('#main section').length") == 5
    assert browser.run("return document.scripts.length") == 1
    assert browser.run("return document.images.length") == 0
    assert browser.console_errors() == []
    assert browser.requests() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.accessibility_violations() == []
