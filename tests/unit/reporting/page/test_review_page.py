"""The page on which people score answers: nothing in it tells which model wrote an answer."""

import re
from importlib.resources import files

import pytest

from tests.unit.evaluation.conftest import make_item
from tests.unit.reporting.page.test_page import HOSTILE, Tags
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.core.text_sanitizer import spreadsheet_cell
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet
from tuner.evaluation.review.sampling import draw_sample, flagged_sheet
from tuner.reporting.page import review_page as module
from tuner.reporting.page.review_page import review_page

KEYS = [f"q{i}" for i in range(20)]


def test_the_same_texts_by_the_other_models_make_the_same_page() -> None:
    samples = GradedItemSet(tuple(make_item(key, f"One of {key}.", f"Another of {key}.") for key in KEYS))
    sheet = draw_sample(KEYS, {"q1", "q2"}, 12, seed=0)
    exchanged = GradedItemSet(
        tuple(
            GradedItem(each.id, each.question, each.reference, {BASE: each.answers[TUNED], TUNED: each.answers[BASE]})
            for each in samples.items
        )
    )
    other = {key: TUNED if name == BASE else BASE for key, name in sheet.first.items()}
    html = review_page(samples, sheet, "run")
    assert html == review_page(exchanged, sheet.model_copy(update={"first": other}), "run")
    assert html != review_page(exchanged, sheet, "run")
    assert html.count('class="item"') == len(sheet.first)


def test_other_peoples_text_is_escaped() -> None:
    samples = GradedItemSet((GradedItem(HOSTILE, HOSTILE, HOSTILE, {BASE: HOSTILE, TUNED: None}),))
    page = Tags(review_page(samples, flagged_sheet("flagged", [HOSTILE]), HOSTILE))
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in page.tags]
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes) or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(("score", "meaning"), module._SCALE)
def test_people_score_by_the_scale_of_the_judge(score: str, meaning: str) -> None:
    rubric = files("tuner.evaluation.judging").joinpath("rubric.md").read_text("utf-8")
    assert f"| {score.replace(' or ', '-')} | {meaning} |" in rubric


def test_the_page_takes_for_a_formula_what_the_spreadsheet_does() -> None:
    """The page writes its CSV file in the browser, by a copy of the rule."""
    script = files("tuner.reporting.page").joinpath("assets/review.js").read_text("utf-8")
    found = re.search(r"text\.replace\(\s*/(.+)/g,", script)
    assert found
    in_browser = re.compile(found[1])
    for start in (
        "=1",
        "+1",
        "-1",
        "@x",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20x",
        "\ufe621",
        "\ufe631",
        "\ufe661",
        "\u22121",
    ):
        for before in ("", " ", '"', "a;", 'a; "', "a\n", "a\t'", " " * 30):
            cell = before + start
            assert spreadsheet_cell(cell) != cell
            assert in_browser.sub(r"\1\2'", cell) == spreadsheet_cell(cell)
    # An id that the page writes must be found when the file is read.
    for key in ("a,=b", "1, -2", "plain"):
        assert in_browser.sub(r"\1\2'", key) == spreadsheet_cell(key)
