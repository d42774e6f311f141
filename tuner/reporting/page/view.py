"""Prepares what the templates of the report's page show, so that the templates contain no logic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuner.artifacts.costs.amounts import money, money_at_most, money_of_sum
from tuner.artifacts.costs.estimate import CostItem
from tuner.artifacts.evaluation.contestants import BASE, TUNED, title_of
from tuner.artifacts.evaluation.gate import Gate
from tuner.artifacts.evaluation.measure_scores import Aggregate, ComparedPair, MeasureScores
from tuner.artifacts.report import Answer, Question, Report
from tuner.artifacts.report.contestants import ContestantUse
from tuner.catalog.metrics import OWN_MEASURES
from tuner.core.resource_names import Tags
from tuner.core.wording import plural
from tuner.reporting.collect.caveats import answers_each
from tuner.reporting.formatting import measure_title
from tuner.reporting.page.slices_table import reach
from tuner.reporting.page.svg import Interval, interval_bar
from tuner.reporting.page.text_differences import Span, differences

# Coverage by fewer training records is marked as weak.
FEWEST_RECORDS = 3
# Measures whose values are shown with each question. The others are folded.
_HEADLINES = ("correctness", "preference", "bertscore_f1")
# A longer text is folded, so that the page stays readable; its first characters are shown.
_LONGEST_UNFOLDED = 1500
_FIRST = 300
_LONGEST_CLAIM = 90
# The most questions on paper, and the order of their outcomes: what a reader would look for comes first.
_MOST_PRINTED = 16
_PRINTED_FIRST = {"loss": 0, "tie": 2, "win": 3}
_REVIEWED, _OTHERS = 1, 4
# Ends the label of a measure that is corrected with people's scores.
_CORRECTED = ", corrected"
# A claim of one word is replaced by a whole sentence.
_CLAIMS = {"Undecided": "It is undecided whether the tuned model is better"}


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with its differences marked. `first` is its beginning, or None when the text is not folded."""

    spans: tuple[Span, ...]
    length: int
    first: str | None


@dataclass(frozen=True, slots=True)
class MeasureLine:
    """The values of both models by one measure."""

    label: str
    base: float | None
    tuned: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """One model's answer to a question."""

    which: str
    label: str
    answer: Answer | None
    text: MarkedText


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question with its texts and scores."""

    question: Question
    reference: MarkedText
    sides: tuple[Side, Side]
    headlines: tuple[MeasureLine, ...]
    others: tuple[MeasureLine, ...]
    printed: bool


@dataclass(frozen=True, slots=True)
class JudgeRow:
    """A measure by one of several judges. `drawn` has the scale of all of them."""

    name: str
    model: str
    scores: MeasureScores
    drawn: Interval | None


@dataclass(frozen=True, slots=True)
class ContestantRow:
    """A contestant by the measure that decides, the tuned model compared with it, and what it used.

    `against` is None for the tuned model itself. `drawn` has the scale of all rows.
    """

    title: str
    scores: Aggregate
    against: MeasureScores | None
    drawn: Interval | None
    use: ContestantUse | None


@dataclass(frozen=True, slots=True)
class CostRow:
    """An item of the estimate, and the same item of the bill. The costs are rounded so that each column adds up."""

    estimated: CostItem
    used: CostItem | None
    usd: str
    at_most: str
    used_usd: str


def question_rows(report: Report) -> list[QuestionRow]:
    """All questions, in their order."""
    printed = _printed(report.questions)
    return [_row(question, report, at in printed) for at, question in enumerate(report.questions)]


def _printed(questions: Sequence[Question]) -> set[int]:
    """The places of the questions that are printed: losses first, then those for review, ties and wins."""

    def urgency(at: int) -> tuple[int, float]:
        question = questions[at]
        first = _PRINTED_FIRST.get(question.outcome or "", _OTHERS)
        return (min(first, _REVIEWED) if question.review else first), question.gain or 0.0

    return set(sorted(range(len(questions)), key=urgency)[:_MOST_PRINTED])


def compared_measures(report: Report) -> list[tuple[str, MeasureScores]]:
    """The measures that say which model is better, the deciding one first. A corrected one comes before the judge's."""
    named = [(name, measure) for name, measure in report.scores.items() if measure.better]
    ranked = sorted(named, key=lambda entry: entry[0] != report.verdict.metric)
    return [row for name, measure in ranked for row in (*_corrected_row(name, measure), (name, measure))]


def _corrected_row(name: str, measure: MeasureScores) -> Iterable[tuple[str, MeasureScores]]:
    if measure.with_people is not None:
        yield f"{name}{_CORRECTED}", measure.with_people


def judged_measures(report: Report) -> list[tuple[str, list[JudgeRow]]]:
    """The measures that several judges judged, by their labels, each with the results of the judges."""
    found = [(measure.label or measure_title(name), measure) for name, measure in report.scores.items()]
    return [(label, _judge_rows(measure)) for label, measure in found if measure.judges]


def _judge_rows(measure: MeasureScores) -> list[JudgeRow]:
    judges = measure.judges.each if measure.judges else ()
    scores = [judge.of_measure(measure) for judge in judges]
    widest = max(scores, key=reach, default=None)
    return [
        JudgeRow(judge.name, judge.model, each, interval_bar(each, widest))
        for judge, each in zip(judges, scores, strict=True)
    ]


def contestant_rows(report: Report) -> list[ContestantRow]:
    """All contestants by the measure that decides; empty where there is neither another one nor a measured use."""
    measure = report.scores.get(report.verdict.metric or "")
    if measure is None or not (measure.compared or report.contestants):
        return []
    uses = {use.name: use for use in report.contestants}
    found = {name: measure.against(name) for name in (BASE, *(name for name in measure.compared if name != BASE))}
    widest = max(found.values(), key=reach, default=None)
    tuned = ContestantRow(title_of(TUNED), measure.tuned, None, None, uses.get(TUNED))
    base, *others = [
        ContestantRow(title_of(name), each.base, each, interval_bar(each, widest), uses.get(name))
        for name, each in found.items()
    ]
    return [base, tuned, *others]


def contestant_pairs(report: Report) -> tuple[ComparedPair, ...]:
    """The contestants beside the tuned model compared with each other, by the measure that decides."""
    measure = report.scores.get(report.verdict.metric or "")
    return measure.pairs if measure else ()


def deciding_row(report: Report) -> str | None:
    """The row of `compared_measures` that decides."""
    name = report.verdict.metric
    measure = report.scores.get(name or "")
    return f"{name}{_CORRECTED}" if measure and measure.corrected and measure.corrected.decides else name


def descriptive_measures(report: Report) -> list[tuple[str, MeasureScores]]:
    """The measures that only describe the answers' style."""
    own = OWN_MEASURES["scorer"]
    return [entry for entry in report.scores.items() if not entry[1].better and not entry[0].startswith(own)]


def own_measures(report: Report) -> list[tuple[str, MeasureScores]]:
    """The measures that the deployer's own scorer gave beside its score."""
    return [entry for entry in report.scores.items() if entry[0].startswith(OWN_MEASURES["scorer"])]


def cost_rows(report: Report) -> list[CostRow]:
    """The items of the estimate, each with the same item of the bill."""
    estimate, bill = report.estimate, report.bill
    if estimate is None:
        return []
    items = estimate.items
    used = bill.items if bill else (None,) * len(items)
    return [
        CostRow(*row)
        for row in zip(
            items,
            used,
            money_of_sum([item.usd for item in items], money(estimate.total_usd)),
            money_of_sum([item.at_most_usd for item in items], money_at_most(estimate.at_most_usd)),
            money_of_sum([item.usd if item else None for item in used], money(bill.total_usd if bill else None)),
            strict=True,
        )
    ]


def asked(report: Report) -> str:
    """How many questions were asked, and how often each, if that is more than once."""
    each = f", {answers_each(report)} answers each" if report.scoring.samples > 1 else ""
    return f"{plural(len(report.questions), 'question')}{each}"


def tag_sentence(report: Report) -> str:
    """Says which tag the gate set on the custom model; empty when it set none."""
    gate = report.gate
    if not isinstance(gate, Gate) or not gate.announced or not gate.custom_model_arn:
        return ""
    tag = gate.tag or gate.decision
    why = "" if tag == gate.decision else ", because another run of the same training accepted it"
    return f"The custom model carries the tag {Tags.GATE}={tag}{why}, and an event was sent to EventBridge."


def headline(sentence: str) -> tuple[str, str]:
    """Splits a verdict's sentence at its first colon into the claim and the numbers."""
    claim, colon, numbers = sentence.partition(": ")
    claim = _CLAIMS.get(claim, claim)
    return (claim + ".", numbers[:1].upper() + numbers[1:]) if colon and len(claim) < _LONGEST_CLAIM else (sentence, "")


def _row(question: Question, report: Report, printed: bool) -> QuestionRow:
    reference = question.reference or ""
    base, _ = differences(_answer_text(question.base), reference)
    tuned, back = differences(_answer_text(question.tuned), reference)
    front = dict.fromkeys((report.verdict.metric, *_HEADLINES))
    return QuestionRow(
        question,
        _text(reference, back),
        (
            Side("base", "Base model", question.base, _text(_answer_text(question.base), base)),
            Side("tuned", "Tuned model", question.tuned, _text(_answer_text(question.tuned), tuned)),
        ),
        tuple(_lines(question, report, [name for name in front if name in report.scores])),
        tuple(_lines(question, report, [name for name in report.scores if name not in front])),
        printed,
    )


def _lines(question: Question, report: Report, names: Iterable[str | None]) -> Iterable[MeasureLine]:
    base = question.base.scores if question.base else {}
    tuned = question.tuned.scores if question.tuned else {}
    for name in names:
        if name and (name in base or name in tuned):
            yield MeasureLine(report.scores[name].label or measure_title(name), base.get(name), tuned.get(name))


def _answer_text(answer: Answer | None) -> str:
    return (answer.answer if answer else None) or ""


def _text(text: str, spans: tuple[Span, ...]) -> MarkedText:
    first = " ".join(text[:_FIRST].split()) if len(text) > _LONGEST_UNFOLDED else None
    return MarkedText(spans, len(text), first)
