"""What the page's templates show, prepared so that they hold no logic: rows, lines and texts with their differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tuner.artifacts.estimate import CostItem
from tuner.artifacts.gate import Gate
from tuner.artifacts.report import Answer, Question, Report
from tuner.artifacts.scores import MeasureScores
from tuner.core.resource_names import Tags
from tuner.reporting.formatting import title
from tuner.reporting.page.text_differences import Span, differences

# A subject that fewer training records speak of is weak.
FEWEST_RECORDS = 3
# Metrics whose values stand beside each question; the others are folded.
_HEADLINES = ("correctness", "preference", "bertscore_f1")
# What is shown of a folded text before it is opened, in characters, and when a text is folded.
_FIRST = 300
_LONGEST_UNFOLDED = 1500
_LONGEST_CLAIM = 90
# A single word is no headline.
_CLAIMS = {"Undecided": "It is undecided whether the tuned model is better"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its differences marked. `first`, its beginning, is there when it is so long that it is folded."""

    spans: tuple[Span, ...]
    length: int
    first: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """Both models' values of one metric."""

    label: str
    base: float | None
    tuned: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """A model's part of a question."""

    which: str
    label: str
    answer: Answer | None
    text: Text


@dataclass(frozen=True, slots=True)
class Row:
    """A question as it is shown."""

    question: Question
    reference: Text
    sides: tuple[Side, Side]
    headlines: tuple[Line, ...]
    others: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimated item, and what became of it."""

    estimated: CostItem
    used: CostItem | None


def rows(report: Report) -> list[Row]:
    """Every question."""
    return [_row(question, report) for question in report.questions]


def compared_by(report: Report) -> list[tuple[str, MeasureScores]]:
    """The metrics with a better and a worse, the deciding one first."""
    named = [(name, metric) for name, metric in report.scores.items() if metric.better]
    return sorted(named, key=lambda entry: entry[0] != report.verdict.metric)


def described_by(report: Report) -> list[tuple[str, MeasureScores]]:
    """The metrics that only describe."""
    return [(name, metric) for name, metric in report.scores.items() if not metric.better]


def costs(report: Report) -> list[Cost]:
    """Each item of the estimate with the same item of the bill, which has all of them in the same order."""
    estimated = report.estimate.items if report.estimate else ()
    used = report.bill.items if report.bill else (None,) * len(estimated)
    return [Cost(item, actual) for item, actual in zip(estimated, used, strict=True)]


def mark(report: Report) -> str:
    """What the gate left on the custom model; empty when it marked none."""
    gate = report.gate
    if not isinstance(gate, Gate) or not gate.announced or not gate.custom_model_arn:
        return ""
    tag = gate.tag or gate.decision
    why = "" if tag == gate.decision else ", because another run of the same training accepted it"
    return f"The custom model carries the tag {Tags.GATE}={tag}{why}, and EventBridge was told."


def headline(sentence: str) -> tuple[str, str]:
    """A verdict's claim, and the numbers that follow it after the first colon."""
    claim, colon, numbers = sentence.partition(": ")
    claim = _CLAIMS.get(claim, claim)
    return (claim + ".", numbers[:1].upper() + numbers[1:]) if colon and len(claim) < _LONGEST_CLAIM else (sentence, "")


def _row(question: Question, report: Report) -> Row:
    reference = question.reference or ""
    base, _ = differences(_said(question.base), reference)
    tuned, back = differences(_said(question.tuned), reference)
    front = dict.fromkeys((report.verdict.metric, *_HEADLINES))
    return Row(
        question,
        _text(reference, back),
        (
            Side("base", "Base model", question.base, _text(_said(question.base), base)),
            Side("tuned", "Tuned model", question.tuned, _text(_said(question.tuned), tuned)),
        ),
        tuple(_lines(question, report, [name for name in front if name in report.scores])),
        tuple(_lines(question, report, [name for name in report.scores if name not in front])),
    )


def _lines(question: Question, report: Report, names: Iterable[str | None]) -> Iterable[Line]:
    base = question.base.scores if question.base else {}
    tuned = question.tuned.scores if question.tuned else {}
    for name in names:
        if name and (name in base or name in tuned):
            yield Line(report.scores[name].label or title(name), base.get(name), tuned.get(name))


def _said(answer: Answer | None) -> str:
    return (answer.answer if answer else None) or ""


def _text(text: str, spans: tuple[Span, ...]) -> Text:
    first = " ".join(text[:_FIRST].split()) if len(text) > _LONGEST_UNFOLDED else None
    return Text(spans, len(text), first)
