"""Renders the page on which people score answers: one HTML file that works offline and does not name the models.

The file has nothing that could tell which model wrote an answer: neither the models, nor why a question is flagged, nor
the order of the answers. The run's folder has the order (`ReviewSheet`).
"""

from __future__ import annotations

from dataclasses import dataclass

from tuner.artifacts.evaluation.people import ReviewSheet
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet
from tuner.reporting.page.page import render

# In the words of the judge's rubric (tuner/evaluation/judging/rubric.md), so that both score by the same scale.
_SCALE = (
    ("10", "Everything the reference says that the question asks for, and nothing wrong."),
    ("8 or 9", "Correct; a minor point of the reference is missing, or a harmless detail is added."),
    ("6 or 7", "Mostly correct; a point that matters is missing or vague."),
    ("4 or 5", "Partly correct; right and wrong or missing points balance."),
    ("2 or 3", "Mostly wrong, or hardly touches the question."),
    ("1", "Wrong, unrelated, empty of content, or a refusal to answer."),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A question with both answers in the order of the sheet; None for an answer that was not given."""

    id: str
    question: str
    reference: str
    answers: tuple[str | None, ...]


def review_page(items: GradedItemSet, sheet: ReviewSheet, run_id: str) -> str:
    """The page with the questions of a sheet, each with one answer of each model: of several, the first.

    `run_id` tells apart what the browser keeps for several pages.
    """
    by_id = {item.id: item for item in items.items}
    shown_items = [_item(by_id[key], sheet) for key in sheet.first]
    key = f"{run_id}:{sheet.name}"
    shown = {"sheet": sheet.name, "answers_each": sheet.answers_each, "key": key}
    return render("review.html.j2", "review", items=shown_items, scale=_SCALE, **shown)


def _item(item: GradedItem, sheet: ReviewSheet) -> Item:
    answers = tuple(item.answers[name] for name in sheet.order(item.id))
    return Item(item.id, item.question, item.references, answers)
