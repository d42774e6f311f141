"""The report in a real browser."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import pypdf
import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from tests.browser.conftest import Browser
from tests.unit.reporting.compared import compared
from tests.unit.reporting.conftest import AT, BUCKET, Bucket
from tests.unit.reporting.page.test_page import HOSTILE, hostile
from tests.unit.reporting.sample import RUN
from tuner.aws.s3.run_folder import RunFolder
from tuner.reporting import Failure, build, page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_makes_no_requests_and_has_no_errors(browser: Browser, reported: Any, scheme: str) -> None:
    browser.open(page(reported()), scheme=scheme)
    assert browser.console_errors() == []
    assert browser.requests() == []


def test_the_theme_follows_the_system(browser: Browser, reported: Any) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    html = page(reported())
    browser.open(html, scheme="light")
    assert browser.run(background) == "rgb(255, 255, 255)"
    browser.open(html, scheme="dark")
    assert browser.run(background) == "rgb(21, 24, 28)"
    browser.open(html, scheme="dark", media="print")
    assert browser.run(background) == "rgb(255, 255, 255)"


def test_markup_in_the_data_is_shown_as_text(browser: Browser, reported: Any) -> None:
    browser.open(page(hostile(reported())))
    assert HOSTILE in browser.run("return document.querySelector('#q1 h3').textContent")
    assert browser.run("return document.scripts.length") == 1
    assert browser.run("return document.images.length") == 0
    assert browser.console_errors() == []
    assert browser.requests() == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
@pytest.mark.parametrize("kind", ["whole", "failed"])
def test_axe_finds_no_serious_violations(browser: Browser, reported: Any, kind: str, scheme: str, width: int) -> None:
    report = reported()
    if kind == "failed":
        failure = Failure(error="DatasetError", message="training.jsonl, line 3: not JSON.")
        report = report.model_copy(update={"failure": failure, "status": "FAILED", "stand_ins": ("judge: a stand-in",)})
    browser.open(page(report), scheme=scheme, width=width)
    assert browser.accessibility_violations() == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_contestants_and_recommendation_are_accessible_and_fit(browser: Browser, scheme: str, width: int) -> None:
    folder = RunFolder(BUCKET, RUN, Bucket())
    for name, data in compared().items():
        folder.write(name, data)
    browser.open(page(build(folder, at=AT)), scheme=scheme, width=width)
    assert browser.accessibility_violations() == []
    assert browser.console_errors() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    colours = browser.run(
        "return [...document.querySelectorAll('.chart .mean .dot')].map((dot) => getComputedStyle(dot).fill)"
    )
    assert len(set(colours)) == len(colours) == 5


def test_the_dots_of_charts_can_be_told_apart_on_a_phone(browser: Browser) -> None:
    folder = RunFolder(BUCKET, RUN, Bucket())
    for name, data in compared().items():
        folder.write(name, data)
    browser.open(page(build(folder, at=AT)), width=360)
    widths = browser.run(
        "return [...document.querySelectorAll('.chart .dot')].map((dot) => dot.getBoundingClientRect().width)"
    )
    assert len(widths) > 5
    assert min(widths) >= 8, "pixels"


def test_the_page_fits_the_width_of_a_phone(browser: Browser, reported: Any) -> None:
    for report in (reported(), hostile(reported())):
        browser.open(page(report), width=360)
        assert browser.run("return document.documentElement.scrollWidth") == 360


def test_questions_are_filtered_by_outcome(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()))
    assert len(browser.shown()) == 8
    browser.find("input[value=loss]").click()
    assert browser.shown() == ["q8"]
    browser.find("input[value=tie]").click()
    assert browser.shown() == ["q6"]
    assert browser.find("#shown").text == "1 of 8 questions"
    browser.find("input[name=outcome][value='']").click()
    assert browser.find("#shown").text == "8 questions"


def test_questions_are_searched_in_all_their_texts(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()))
    search = browser.find("input[type=search]")
    search.send_keys("CONVERSE api")
    assert browser.shown() == ["q7"]
    browser.find("input[value=loss]").click()
    assert browser.shown() == []
    search.clear()
    assert browser.shown() == ["q8"]


def test_questions_are_sorted_by_gain(browser: Browser, reported: Any) -> None:
    report = reported()
    browser.open(page(report))
    gains = {f"q{at}": question.gain for at, question in enumerate(report.questions, 1)}
    order = Select(browser.find("select"))
    for value, sign in (("gain", -1), ("-gain", 1)):
        order.select_by_value(value)
        assert browser.shown() == sorted(gains, key=lambda name: (sign * gains[name], name))
    order.select_by_value("at")
    assert browser.shown() == list(gains)


def test_differences_can_be_unmarked(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()))
    background = "return getComputedStyle(document.querySelector('#q1 mark')).backgroundColor"
    assert browser.run(background) != "rgba(0, 0, 0, 0)"
    browser.find("input[name=marks]").click()
    assert browser.run(background) == "rgba(0, 0, 0, 0)"


def test_the_tools_work_with_the_keyboard(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()))
    browser.run("document.querySelector('input[name=outcome]').focus()")
    active = browser.driver.switch_to.active_element
    active.send_keys(Keys.ARROW_RIGHT)
    assert len(browser.shown()) == 6
    browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    browser.driver.switch_to.active_element.send_keys("guardrails")
    assert browser.shown() == ["q4"]


def test_a_folded_answer_opens(browser: Browser, reported: Any) -> None:
    report = reported()
    answer = report.questions[0].tuned.model_copy(update={"answer": "word " * 20_000 + "the end"})
    question = report.questions[0].model_copy(update={"tuned": answer})
    browser.open(page(report.model_copy(update={"questions": (question,)})))
    said = browser.find("details.long .said")
    assert not said.is_displayed()
    browser.find("details.long summary").click()
    assert said.is_displayed()


def test_the_page_is_complete_without_scripts(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()), script=False)
    assert len(browser.driver.find_elements("css selector", ".question")) == 8
    assert not browser.find(".tools").is_displayed()


def test_in_print_reasons_are_open_and_tools_are_hidden(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()), media="print")
    assert not browser.find(".tools").is_displayed()
    assert browser.run("return document.querySelector('.why .said').checkVisibility({contentVisibilityAuto: true})")


@pytest.mark.thorough
def test_searching_1000_questions_is_fast(browser: Browser, reported: Any) -> None:
    browser.open(page(reported(1000)))
    assert len(browser.shown()) == 1000
    milliseconds = browser.run(
        "const search = document.querySelector('input[type=search]'), start = performance.now();"
        "search.value = 'converse'; search.dispatchEvent(new Event('input', {bubbles: true}));"
        "document.body.offsetHeight; return performance.now() - start;"
    )
    assert len(browser.shown()) == 125
    assert milliseconds < 2_000


_OVERLAPPING = """
const boxed = (node) => [node.textContent, node.getBoundingClientRect()];
const shown = [...document.querySelectorAll(".chart text")].map(boxed).filter(([, box]) => box.width);
const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4;
const after = (at, box) => shown.slice(at + 1).filter(([, next]) => meet(box, next));
return shown.flatMap(([one, box], at) => after(at, box).map(([two]) => `${one} / ${two}`));
"""


@pytest.mark.parametrize("width", [1200, 390])
def test_labels_of_charts_do_not_overlap_and_are_large_enough(browser: Browser, reported: Any, width: int) -> None:
    browser.open(page(reported()), width=width)
    assert browser.run(_OVERLAPPING) == []
    heights = browser.run(
        "return [...document.querySelectorAll('.chart text')].map((node) => node.getBoundingClientRect().height)"
    )
    assert min(height for height in heights if height) > 10


def test_numbers_have_labels_on_a_phone(browser: Browser, reported: Any) -> None:
    browser.open(page(reported()), width=390)
    named = "return getComputedStyle(document.querySelector(arguments[0]), '::before').content"
    for cell, label in ((".base", "Base"), (".tuned", "Tuned"), (".earlier", "Best earlier run"), (".change", "Diff")):
        assert label in browser.run(named, f".metrics td{cell}")


def test_answers_are_rendered_at_once_unless_there_are_many(browser: Browser, reported: Any) -> None:
    drawn = "return [...document.querySelectorAll('.side > .said')].every((node) => node.checkVisibility(arguments[0]))"
    for count, expected in ((8, True), (1000, False)):
        browser.open(page(reported(count)))
        assert browser.run(drawn, {"contentVisibilityAuto": True}) is expected


def test_a_report_of_many_questions_prints_on_a_reasonable_number_of_pages(browser: Browser, reported: Any) -> None:
    browser.open(page(reported(100)), media="print")
    printed = pypdf.PdfReader(BytesIO(base64.b64decode(browser.command("Page.printToPDF")["data"])))
    text = " ".join(" ".join(sheet.extract_text() for sheet in printed.pages).split())
    assert len(printed.pages) <= 18
    assert "84 questions of 100 not printed" in text
    assert text.index("What to do next") < text.index("Scores")
    assert "p-value of the" in text  # of a folded section
