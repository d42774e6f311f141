"""scores.json: what the report, the gate and the command line read. Its schema is in docs/evaluation.md.

Grading (a record per question, in any number of shards) and summing up (statistics over all records) are apart, so that
shards graded by different invocations give exactly the numbers that one would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from tuner.artifacts.contestants import CONTESTANTS, ContestantName
from tuner.evaluation.metrics import Equipment, Measure, Metric, Values, all_metrics, measures
from tuner.evaluation.samples import Question
from tuner.evaluation.statistics.comparison import Comparison, compare, mean_and_error
from tuner.evaluation.statistics.correlation import agreement
from tuner.evaluation.statistics.verdict import Names, decide, outcome, verdict

Record = dict[str, Any]
SCHEMA_VERSION = 1
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Graded:
    """Records {"id", "base": values, "tuned": values, "reference"?: values}; per metric what graded, and counts."""

    records: tuple[Record, ...]
    about: Mapping[str, Mapping[str, Any]]
    counts: Mapping[str, Mapping[str, int]]


def grade(questions: Sequence[Question], metrics: Sequence[Metric], equipment: Equipment) -> Graded:
    """Every metric's values for every question. An answer that was not given is marked as failed, and has none."""
    records: list[Record] = [
        {"id": question.id, **{m: {FAILED: True} if question.answers[m] is None else {} for m in CONTESTANTS}}
        for question in questions
    ]
    grades = {metric.name: metric.grade(questions, equipment) for metric in metrics}
    for given in grades.values():
        for index, record in enumerate(records):
            for model in CONTESTANTS:
                record[model].update(_finite(given.values[model][index]))
            if given.references is not None:
                record.setdefault("reference", {}).update(given.references[index])
    return Graded(
        tuple(records),
        {name: dict(given.about) for name, given in grades.items()},
        {name: dict(given.counts) for name, given in grades.items()},
    )


def _finite(values: Values) -> Values:
    """What is no number is no score: neither means nor JSON can hold it."""
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in values.items()}


def merged(shards: Sequence[Graded]) -> Graded:
    """Shards put together: records in order, counts added up."""
    counts: dict[str, Counter[str]] = {}
    for shard in shards:
        for metric, numbers in shard.counts.items():
            counts.setdefault(metric, Counter()).update(numbers)
    about = {metric: facts for shard in shards for metric, facts in shard.about.items()}
    return Graded(tuple(record for shard in shards for record in shard.records), about, counts)


def summarize(
    graded: Graded,
    warnings: Sequence[str] = (),
    seed: int = 0,
    names: Names = Names(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """The document scores.json: per measure both models and their comparison, and the verdict."""
    present = [measure for measure in measures().values() if _is_measured(measure, graded.records)]
    metrics = {measure.name: _summary(measure, graded.records, seed, names) for measure in present}
    conclusion = verdict(metrics, len(graded.records), names)
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": conclusion,
        "metrics": metrics,
        "questions": [
            {**record, "outcome": outcome(record, conclusion["metric"], metrics)} for record in graded.records
        ],
        "agreement": agreement(graded.records),
        **_details(graded),
        "warnings": [*warnings, *(facts["warning"] for facts in graded.about.values() if "warning" in facts)],
    }


def _details(graded: Graded) -> dict[str, Any]:
    """Per metric what graded and its counts; the judge, whichever metric asked it, as `judge`."""
    details = {name: {**graded.about[name], **graded.counts.get(name, {})} for name in graded.about}
    for entry in details.values():
        entry.pop("warning", None)
    judged = [graded.counts[name] for name in graded.about if all_metrics()[name].needs_judge]
    if judged:
        name = next(name for name in graded.about if all_metrics()[name].needs_judge)
        total = sum(map(Counter, judged), Counter())
        details["judge"] = {
            **dict(graded.about[name]),
            "stand_in": total["stand_in"] > 0,
            "asked": total["asked"],
            "missing": total["missing"],
            "input_tokens": total["input_tokens"],
            "output_tokens": total["output_tokens"],
        }
    return {name: entry for name, entry in details.items() if entry and name != "correctness"}


def paired(measure: Measure, records: Sequence[Record]) -> tuple[list[float], list[float]]:
    """Base and tuned values of the questions that both have one for; a failed answer has the worst."""
    both = [[counted(measure, record, model) for model in CONTESTANTS] for record in records]
    whole = [pair for pair in both if None not in pair]
    return [pair[0] for pair in whole], [pair[1] for pair in whole]  # type: ignore[misc]


def counted(measure: Measure, record: Record, model: ContestantName) -> float | None:
    """What a question counts for: its value; the worst when the answer failed; None when no score could be made."""
    if measure.name not in record[model]:
        return None
    value = record[model][measure.name]
    if value is None:
        return measure.worst if record[model].get(FAILED) else None
    return float(value)


def _is_measured(measure: Measure, records: Sequence[Record]) -> bool:
    return any(measure.name in record[model] for record in records for model in CONTESTANTS)


def _summary(measure: Measure, records: Sequence[Record], seed: int, names: Names) -> dict[str, Any]:
    base, tuned = paired(measure, records)
    comparison = compare(base, tuned, seed)
    entry: dict[str, Any] = {
        "label": measure.label,
        "range": list(measure.range) if measure.range else None,
        "better": measure.better,
        "base": _one_model(measure, records, "base"),
        "tuned": _one_model(measure, records, "tuned"),
        "difference": comparison.mean,
        "comparison": _numbers(comparison),
    }
    references = [
        record["reference"][measure.name] for record in records if measure.name in record.get("reference", {})
    ]
    if references:
        entry["references"] = {"mean": mean_and_error(references)[0]}
    if measure.worst is not None:
        entry["conclusion"] = decide(measure, comparison, names)
    return entry


def _numbers(comparison: Comparison) -> dict[str, Any]:
    interval = list(comparison.interval) if comparison.interval else None
    return {key: value for key, value in asdict(comparison).items() if key != "mean"} | {"interval": interval}


def _one_model(measure: Measure, records: Sequence[Record], model: ContestantName) -> dict[str, Any]:
    values = [counted(measure, record, model) for record in records]
    present = [value for value in values if value is not None]
    mean, error = mean_and_error(present)
    asked = [record[model] for record in records if measure.name in record[model]]
    return {
        "mean": mean,
        "standard_error": error,
        "n": len(present),
        "missing": sum(values[measure.name] is None for values in asked),
        "failed": sum(bool(values.get(FAILED)) for values in asked),
    }
