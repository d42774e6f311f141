"""The tables of scores, contestants and candidates that `tuner watch`, `show`, `evaluate` and `compare` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from tuner.artifacts.costs.amounts import money, money_to_compare
from tuner.artifacts.evaluation.measure_scores import Aggregate, MeasureScores
from tuner.artifacts.report.contestants import ContestantUse
from tuner.reporting.formatting import interval_limits, latency, measure_title, number, probability
from tuner.reporting.page.candidates_table import CandidateRow

# Measures that can decide the verdict come before those that only describe.
_FIRST = ("correctness", "bertscore_f1", "bertscore_precision", "bertscore_recall")


def score_table(
    measures: Mapping[str, MeasureScores], names: tuple[str, str] = ("base", "tuned"), *, conclusions: bool = False
) -> Table:
    """The two means, their difference and its interval, by measure; with `conclusions`, also the conclusion.

    `names` are the headings of the two contestants. A measure that neither of them has a mean for is left out.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="name")
    table.add_column("measure")
    for heading in (*names, "difference"):
        table.add_column(heading, justify="right", overflow="fold")  # ids of runs differ at their ends
    table.add_column("95 % interval", justify="right", no_wrap=True)
    if conclusions:
        table.add_column("conclusion")
    for name in sorted(measures, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST)):
        scores = measures[name]
        for row in (scores, scores.with_people):
            if row and (row.base.mean is not None or row.tuned.mean is not None):
                conclusion = [row.conclusion.value if row.conclusion else ""] if conclusions else []
                table.add_row(row.label or measure_title(name), *_numbers(row), *conclusion)
        if adjusted := scores.equal_length:
            conclusion = [adjusted.conclusion] if conclusions else []
            table.add_row("  at equal length", "", "", *_change(adjusted.difference, adjusted.interval), *conclusion)
        for judge in scores.judges.each if scores.judges else ():
            conclusion = [judge.conclusion.value if judge.conclusion else ""] if conclusions else []
            table.add_row(f"  {judge.name}", *_numbers(judge.of_measure(scores)), *conclusion)
    return table


def contestant_table(measure: MeasureScores) -> Table:
    """The tuned model compared with each other contestant by one measure, with the corrected conclusions."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="name")
    table.add_column("tuned against")
    for heading in ("mean", "tuned", "difference"):
        table.add_column(heading, justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("Holm p", justify="right")
    table.add_column("tuned is")
    for name in measure.compared:
        row = measure.against(name)
        table.add_row(name, *_numbers(row), probability(row.comparison.p_corrected), row.conclusion_value)
    return table


def pair_table(measure: MeasureScores) -> Table:
    """The contestants beside the tuned model compared with each other, with the corrected conclusions."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="name")
    for heading in ("contestant", "against"):
        table.add_column(heading)
    table.add_column("difference", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("Holm p", justify="right")
    table.add_column("it is")
    for pair in measure.pairs:
        table.add_row(
            pair.contestant,
            pair.against,
            number(pair.difference, signed=True),
            _interval(pair.comparison.interval),
            probability(pair.comparison.p_corrected),
            pair.conclusion.value if pair.conclusion else "",
        )
    return table


def use_table(measure: MeasureScores | None, uses: Sequence[ContestantUse]) -> Table:
    """What each contestant costs and how fast it is, beside its mean by the measure that decides.

    `per 1,000`: answers; `median` and `95 %`: what an answer takes; `idle/month`: what a month costs without questions.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="name")
    table.add_column("contestant")
    for heading in ("mean", "95 % interval", "per 1,000", "median", "95 %", "idle/month"):
        table.add_column(heading, justify="right")
    for use in uses:
        scores = measure.by_contestant.get(use.name, Aggregate()) if measure else Aggregate()
        table.add_row(
            use.name,
            number(scores.mean),
            interval_limits(scores.interval),
            money_to_compare(use.usd_per_1000_answers),
            latency(use.latency_ms_median),
            latency(use.latency_ms_p95),
            money(use.idle_usd_per_month),
        )
    return table


def candidate_table(rows: Sequence[CandidateRow]) -> Table:
    """The candidates of a run: what differs between them, their validation losses, costs and results."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="name")
    table.add_column("candidate", justify="right")
    table.add_column("what differs")
    for heading in ("validation loss", "training"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("result")
    for row in rows:
        loss = number(row.candidate.validation_loss)
        table.add_row(f"{row.candidate.number}", Text(row.differs), loss, money(row.usd), Text(row.result))
    return table


def _numbers(scores: MeasureScores) -> tuple[str | Text, ...]:
    return (
        number(scores.base.mean),
        number(scores.tuned.mean),
        Text(number(scores.difference, signed=True), _style(scores)),
        _interval(scores.comparison.interval),
    )


def _change(difference: float, interval: tuple[float, float]) -> tuple[str, str]:
    return number(difference, signed=True), _interval(interval)


def _interval(interval: tuple[float, float] | None) -> str:
    return interval_limits(interval, signed=True)


def _style(scores: MeasureScores) -> str:
    """The colour of what the comparison shows. A difference that decides nothing has none."""
    return {"better": "good", "worse": "bad"}.get(scores.conclusion_value, "")
