"""People have the last word: their scores replace the judge's, and every number says how many of them are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.evaluation.scores import FAILED, Graded, summarize
from tuner.evaluation.statistics.comparison import rank_correlation

MEASURE = "correctness"
JUDGES = "judge_correctness"


def with_people(
    document: Mapping[str, Any], given: Mapping[str, Mapping[ContestantName, int]], seed: int = 0
) -> dict[str, Any]:
    """scores.json with people's scores from 1 to 10 in the place of the judge's, by question and model.

    A replaced value is marked `human`, and the judge's stays beside it as `judge_correctness`; an answer that was not
    given stays failed. Merging the same scores again changes nothing.
    """
    records = [_merged(record, given.get(record["id"], {})) for record in document["questions"]]
    summed = summarize(Graded(tuple(records), {}, {}), document["warnings"], seed)
    people = _people(records)
    entry = summed["metrics"].get(MEASURE)
    if entry:
        entry["label"] = f"Correctness ({people['answers']} of {people['of_answers']} scores by people)"
    rest = {key: value for key, value in document.items() if key not in summed}
    return {**summed, **rest, "people": people}


def _merged(record: Mapping[str, Any], scores: Mapping[ContestantName, int]) -> dict[str, Any]:
    merged = dict(record)
    for model, score in scores.items():
        values = record[model]
        if not values.get(FAILED):
            judged = values.get(JUDGES, values.get(MEASURE))
            merged[model] = {**values, MEASURE: score, JUDGES: judged, "human": True}
    return merged


def _people(records: list[dict[str, Any]]) -> dict[str, Any]:
    """How many scores are people's, and how far the judge agrees with them."""
    everything = [record[model] for record in records for model in CONTESTANTS]
    theirs = [values for values in everything if values.get("human")]
    both = [(values[MEASURE], values[JUDGES]) for values in theirs if values[JUDGES] is not None]
    people, judge = [pair[0] for pair in both], [pair[1] for pair in both]
    return {
        "questions": sum(any(record[model].get("human") for model in CONTESTANTS) for record in records),
        "answers": len(theirs),
        "of_answers": sum(not values.get(FAILED) for values in everything),
        "judge_agreement": {
            "n": len(both),
            "rho": rank_correlation(people, judge),
            "mean_difference": sum(j - p for p, j in both) / len(both) if both else None,
        },
    }
