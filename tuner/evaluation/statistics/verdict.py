"""One sentence from the numbers: better, worse or undecided, what decides it, and what would.

One measure decides, chosen before the numbers are seen: the first of DECIDING that most questions were measured by, or
else the first that any was. Letting any of several measures decide would call equal models different far more often
than one time in twenty; letting one decide that only a few questions have would throw the others away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tuner.catalog.metrics import Measure
from tuner.evaluation.statistics.comparison import FEWEST, Comparison, questions_needed

Value = Literal["better", "worse", "undecided"]
DECIDING = ("correctness", "preference", "bertscore_f1", "token_f1", "rouge_l", "chrf", "bleu", "exact_match")
_MANY = 100_000


@dataclass(frozen=True, slots=True)
class Names:
    """What sentences call the two that are compared."""

    base: str = "the base model"
    tuned: str = "the tuned model"


def decide(measure: Measure, comparison: Comparison, names: Names = Names()) -> dict[str, Any]:
    """{"value", "sentence", "more_questions"} for one measure."""
    value = _value(measure, comparison)
    more = _more(comparison) if value == "undecided" else 0
    return {"value": value, "sentence": _sentence(measure, comparison, value, more, names), "more_questions": more}


def verdict(
    metrics: Mapping[str, Mapping[str, Any]],
    questions: int,
    names: Names = Names(),
) -> dict[str, Any]:
    """The comparison's verdict: the deciding measure's, with the caveats first.

    {"value", "metric", "sentence", "more_questions", "notes"}; `metric` is None when nothing was measured.
    """
    name = next(deciding(metrics, questions), None)
    if name is None:
        sentence = "Undecided: no question has a score for both models."
        return {"value": "undecided", "metric": None, "sentence": sentence, "more_questions": None, "notes": []}
    chosen = metrics[name]
    notes = _notes(chosen, questions, names)
    conclusion = chosen["conclusion"]
    sentence = " ".join([*(note for note in notes if note.startswith("Too few")), conclusion["sentence"]])
    return {**conclusion, "metric": name, "sentence": sentence, "notes": notes}


def deciding(metrics: Mapping[str, Mapping[str, Any]], questions: int) -> Iterator[str]:
    """The measures that can decide over so many questions, the one that does first."""
    usable = [name for name in DECIDING if name in metrics and metrics[name]["comparison"]["n"] > 0]
    yield from sorted(usable, key=lambda name: 2 * _measured(metrics[name], questions) < questions)


def _measured(entry: Mapping[str, Any], questions: int) -> int:
    """The questions that the measure says something about, whether or not a score could be made."""
    sides: list[Mapping[str, int]] = [entry[model] for model in ("base", "tuned")]
    return min(questions, *(side["n"] + side["missing"] - side["failed"] for side in sides))


def outcome(record: Mapping[str, Any], metric: str | None, metrics: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Win, tie or loss of the tuned model on one question by the deciding measure; None where it has no score."""
    if metric is None:
        return None
    worst = metrics[metric]["range"][0 if metrics[metric]["better"] == "higher" else 1]
    base, tuned = (_counted(record[model], metric, worst) for model in ("base", "tuned"))
    if base is None or tuned is None:
        return None
    gain = (tuned - base) if metrics[metric]["better"] == "higher" else (base - tuned)
    return "tie" if abs(gain) < 1e-9 else "win" if gain > 0 else "loss"


def _counted(values: Mapping[str, Any], metric: str, worst: float) -> float | None:
    value = values.get(metric)
    return worst if value is None and values.get("failed") else value


def _value(measure: Measure, comparison: Comparison) -> Value:
    if not comparison.differs or comparison.mean is None:
        return "undecided"
    return "better" if (comparison.mean > 0) == (measure.better == "higher") else "worse"


def _more(comparison: Comparison) -> int | None:
    """Questions to add; None when no number is known to decide."""
    if comparison.n < FEWEST:
        return FEWEST - comparison.n
    needed = questions_needed(comparison)
    return None if needed is None or needed > _MANY else max(1, needed - comparison.n)


def _sentence(measure: Measure, comparison: Comparison, value: Value, more: int | None, names: Names) -> str:
    n = comparison.n
    if n == 0:
        return f"Undecided: no question has a {measure.label} for both models."
    counts = f"{comparison.wins:,} won, {comparison.ties:,} tied, {comparison.losses:,} lost of {_questions(n)}"
    if comparison.interval is None or comparison.mean is None:
        return f"Undecided: {counts} cannot be told from luck."
    low, high = comparison.interval
    bounds = f"95 % interval {_signed(low)} to {_signed(high)}"
    numbers = f"{_signed(comparison.mean)} {measure.label} on average, {bounds}; {counts}"
    if value != "undecided":
        return f"{names.tuned[0].upper()}{names.tuned[1:]} is {value} than {names.base}: {numbers}."
    if not comparison.mean:
        return f"Undecided: both models score the same on average; {counts}."
    return f"Undecided: {numbers}, so it may be chance. {_remedy(more)}"


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−") if value else "0"


def _remedy(more: int | None) -> str:
    if more is None:
        return "The difference is so small that no realistic number of questions would decide."
    return f"If the difference stays what it is, about {_questions(more, 'more question')} would decide."


def _notes(entry: Mapping[str, Any], questions: int, names: Names) -> list[str]:
    """What a reader must know before the verdict."""
    n = entry["comparison"]["n"]
    notes = []
    if n < FEWEST:
        notes.append(f"Too few questions: {_questions(n)} cannot show any difference; {FEWEST} are the least.")
    elif entry["comparison"]["smallest_detectable"]:
        smallest = entry["comparison"]["smallest_detectable"]
        notes.append(
            f"With {_questions(n)}, only a difference of about {smallest:.2g} {entry['label']} shows reliably."
        )
    measured = _measured(entry, questions)
    if measured < questions:
        notes.append(f"{_questions(questions - measured)} left out: not measured by {entry['label']}.")
    if n < measured:
        notes.append(f"{_questions(measured - n)} left out: no {entry['label']} for one of the answers.")
    for model, name in (("base", names.base), ("tuned", names.tuned)):
        failed = entry[model]["failed"]
        if failed:
            notes.append(f"{failed} of {_questions(questions)} got no answer from {name}: counted as worst.")
    return notes


def _questions(number: int, noun: str = "question") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
