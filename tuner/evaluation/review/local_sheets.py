"""Random items for people in an evaluation without a run: the output folder keeps which questions were drawn."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from tuner.artifacts.base import parse
from tuner.artifacts.evaluation.people import ReviewSheet
from tuner.evaluation.grading.graded_items import GradedItemSet
from tuner.evaluation.review.sampling import draw_sample, sample_name
from tuner.evaluation.review.spreadsheet import sample_sheet

SAMPLE = "sample.csv"
_SHEETS = "reviews"


def known_sheets(folder: Path | None) -> list[ReviewSheet]:
    """The sheets that were drawn into this folder."""
    paths = sorted((folder / _SHEETS).glob("*.json")) if folder else []
    return [parse(ReviewSheet, path.read_bytes(), str(path)) for path in paths]


def sample_files(folder: Path | None, items: GradedItemSet, flagged: Collection[str], count: int) -> dict[str, bytes]:
    """`count` of the questions, drawn at random, for people to score: files for the folder by their path in it.

    The same draw is the same sheet.
    """
    name, questions = sample_name(count, 0), [item.id for item in items.items]
    known = {sheet.name: sheet for sheet in known_sheets(folder)}.get(name)
    drawn_from = {key for stratum in known.strata for key in stratum.questions} if known else set()
    each = 1 + max((len(item.more) for item in items.items), default=0)
    sheet = known if known and drawn_from == set(questions) else draw_sample(questions, flagged, count, 0, each)
    return {
        f"{_SHEETS}/{name}.json": sheet.to_json_line().encode(),
        SAMPLE: sample_sheet(items, sheet).encode("utf-8-sig"),
    }
