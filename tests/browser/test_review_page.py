"""The page on which people score answers, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Browser
from tests.unit.evaluation.conftest import make_item
from tests.unit.reporting.page.test_page import HOSTILE
from tuner.artifacts.evaluation.people import PeopleScores
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet
from tuner.evaluation.review.sampling import flagged_sheet
from tuner.evaluation.review.spreadsheet import read_review
from tuner.reporting.page.review_page import review_page

pytestmark = pytest.mark.browser

SAMPLES = GradedItemSet(
    tuple(make_item(key, f"{key}: as the base model says.", f"{key}: as the tuned one says.") for key in "abc")
)
SHEET = flagged_sheet("flagged", "abc")


def imported(text: str) -> PeopleScores:
    return read_review(text, set("abc"), find_sheet=lambda name: SHEET if name == SHEET.name else None)


def press(browser: Browser, *keys: str) -> None:
    for key in keys:
        browser.driver.switch_to.active_element.send_keys(key)


def exported(browser: Browser) -> str:
    return browser.run("return document.getElementById('csv').value")


def test_questions_are_scored_by_keyboard_kept_over_a_reload_exported_and_imported(
    browser: Browser, tmp_path: Path
) -> None:
    browser.open(review_page(SAMPLES, SHEET, "keyboard"))
    browser.find("#reviewer").send_keys('Ann, "A"')
    press(browser, Keys.TAB)
    assert browser.driver.switch_to.active_element.get_attribute("name") == "q1a1"
    press(browser, "7", "0", "3")
    assert browser.find("#done").text == "1 of 3 questions scored"
    browser.driver.refresh()
    # The new page may not have run its script yet.
    WebDriverWait(browser.driver, 10).until(lambda _: browser.find("#done").text == "1 of 3 questions scored")
    assert browser.find(".item:not([hidden]) h2").text == "Question 2 of 3"
    assert browser.find("#reviewer").get_attribute("value") == 'Ann, "A"'
    browser.run("document.querySelector('input[name=q2a2]').focus()")
    # The arrow keys choose too, and Enter goes on.
    press(browser, "4", "5", Keys.ARROW_RIGHT, Keys.ENTER)
    assert browser.driver.switch_to.active_element.get_attribute("id") == "download"
    assert browser.find("#done").text == "3 of 3 questions scored"
    browser.find("#previous").click()
    press(browser, "2")
    assert browser.find("#unsaved").is_displayed() is False
    browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.find("#download").click()
    saved = tmp_path / "review-Ann-A.csv"
    WebDriverWait(browser.driver, 10).until(lambda _: saved.is_file() and saved.stat().st_size)
    text = saved.read_text("utf-8-sig")
    assert text.splitlines() == exported(browser).splitlines()
    scores = {"a": (7, 10), "b": (2, 4), "c": (5, 2)}
    assert imported(text) == {
        key: {'Ann, "A"': dict(zip(SHEET.order(key), pair, strict=True))} for key, pair in scores.items()
    }
    assert browser.console_errors() == []


def test_a_browser_that_keeps_nothing_says_so_and_exports(browser: Browser) -> None:
    refusing = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }})"
    added = browser.command("Page.addScriptToEvaluateOnNewDocument", source=refusing)
    try:
        browser.open(review_page(SAMPLES, SHEET, "refused"))
    finally:
        browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
    assert browser.find("#unsaved").is_displayed()
    browser.run("document.querySelector('input[name=q1a1]').focus()")
    press(browser, "9", "8")
    assert imported(exported(browser)) == {"a": {"people": dict(zip(SHEET.order("a"), (9, 8), strict=True))}}
    browser.run("window.onbeforeunload = null; changed = false")


def test_a_comment_is_no_formula(browser: Browser) -> None:
    browser.open(review_page(SAMPLES, SHEET, "comment"))
    browser.run("document.querySelector('input[name=q1a1]').focus()")
    press(browser, "9")
    browser.find(".item:not([hidden]) textarea").send_keys('=HYPERLINK("x"); +1')
    row = exported(browser).splitlines()[1]
    assert '"\'=HYPERLINK(""x""); \'+1"' in row


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 360)])
def test_hostile_text_is_shown_as_text_and_axe_finds_no_serious_violations(
    browser: Browser, scheme: str, width: int
) -> None:
    samples = GradedItemSet((GradedItem(HOSTILE, HOSTILE, HOSTILE * 20, {"base": HOSTILE * 20, "tuned": None}),))
    browser.open(review_page(samples, flagged_sheet("flagged", [HOSTILE]), HOSTILE), scheme=scheme, width=width)
    assert browser.run("return document.scripts.length") == 1
    assert browser.run("return document.images.length") == 0
    assert browser.run("return document.querySelector('.asked').textContent") == HOSTILE
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.console_errors() == []
    assert browser.requests() == []
    assert browser.accessibility_violations() == []
