"""Writes docs/calibration.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from docs.markdown_table import table
from tests.calibration.designs import INDEPENDENT, JUDGES, RELATED, Design
from tests.calibration.families import FAMILIES, Family, calibrate_family
from tests.calibration.reference_implementations import Check, checks
from tests.calibration.reviews import QUESTIONS, REVIEWS, ReviewCalibration, calibrate_review
from tests.calibration.simulation import Calibration, Rates, calibrate
from tests.calibration.stopping import DESIGNS, Stopped, calibrate_stopping
from tuner.evaluation.statistics.early_stopping import ERROR

# What the verdict promises is 5 % and 95 %. Other results are in bold.
ALARMS, COVERED = (0.03, 0.07), (0.93, 0.97)
# Of the questions, if the models differ by twice the difference that is found with 80 % power.
_SAVED = 0.3
_HEADER = ("design", "false alarms", "plain", "coverage", "plain", "power", "plain", "difference")
_INTRODUCTION = """# Calibration: how often the verdict is wrong

*For those who decide by the verdict, and for statisticians. `make calibration` writes this page.*

Each row is a simulated design, compared {simulations:,} times for models that are equal and {simulations:,} times for
models that differ.

- **False alarms**: how often equal models are called different. The verdict promises 5 %; the goal is 3 to 7 %.
- **Coverage**: how often the 95 % interval has the true difference. The goal is 93 to 97 %.
- **Power**: how often a true difference is found. The difference is the one of which the report says that it "shows
  reliably", so about 80 % is right. It is in the last column.
- **Plain**: the same for the paired interval of textbooks (Student's, over the questions), which is what one gets
  without the report.

A number in bold is outside the goal. It is shown as it is.
"""
_SECTIONS = (
    (
        "Independent questions",
        "The interval is a bootstrap over the questions, widened for few questions. Where the spread of the gains "
        "grows with the difference, as with ties, the power is lower than 80 %.",
        INDEPENDENT,
    ),
    (
        "Related questions",
        "The correlation is that of the gains within a group. The interval counts groups: Student's for groups of one "
        "size, and for six or seven groups; else that of the groups divided into two parts at random. As single "
        "questions, equal models are called different up to several times as often as promised.",
        RELATED,
    ),
    (
        "Biased judges",
        "An interval tells chance from a difference of the grades. It cannot tell whether the grades are right.",
        JUDGES,
    ),
)
_REVIEWS = f"""## Judges that people correct

People score a random sample of {QUESTIONS} questions, and their scores correct the judge
([evaluation.md](evaluation.md#scores-by-people)). Beside the corrected interval are that of the judge's grades of all
questions, and that of people's scores of the sample without any judge. The power is that of the difference in the last
column, which the corrected comparison finds with 80 % power. A judge that is wrong in one direction finds a difference
nearly always, whether there is one or not.

"""
_REVIEW_HEADER = (
    "design",
    "false alarms",
    "judge",
    "people",
    "coverage",
    "judge",
    "people",
    "power",
    "judge",
    "people",
    "difference",
)
_STOPPING = """## Evaluations that may stop early

With `stop_early` ([evaluation.md](evaluation.md#stopping-early)), the scores are looked at after each batch of
questions. The models are equal, or differ by twice the difference that the questions show reliably. A verdict may be
wrong in 5 % of the cases, over all looks and the end; fewer is right too. "Usual interval" is the false alarms of
somebody who looks as often with the usual interval. The goal for the questions saved is 30 %. The first look has at
least 16 groups, so little is saved where there are few more, or where one group has many of the questions.

"""
_STOPPING_HEADER = (
    "design",
    "false alarms",
    "usual interval",
    "truth missed",
    "power",
    "questions saved",
    "saved if equal",
)
_FAMILIES = """## Several comparisons with the same questions

How often at least one of several comparisons of equal models is called different, or better. One comparison alone has
the false alarms of the third column.

"""
_ORACLES = """## The same figures by other implementations

The statistics above are the product's own code. Here are its figures beside those of other libraries, and of closed
forms that are written independently. The goal is a deviation of at most 0.000001: of the figure, or of its share where
the figure is above 1. The preference at equal length is compared with statsmodels in
`tests/unit/evaluation/judging/test_length.py`.

"""
# The largest deviation from another implementation.
DEVIATION = 1e-6


def page(simulations: int, seed: int = 1, mapped: Callable[..., Iterable[Any]] = map) -> str:
    """The whole page. `mapped` is `map`, or that of a pool of processes: each design has its own random numbers."""
    parts = [_INTRODUCTION.format(simulations=simulations)]
    for title, text, designs in _SECTIONS:
        found = mapped(partial(calibrate, simulations=simulations, seed=seed), designs)
        results = list(zip(designs, found, strict=True))
        parts.append(f"## {title}\n\n{text}\n\n{_designs_table(results)}\n{_notes(results)}")
    reviews = mapped(partial(calibrate_review, simulations=simulations, seed=seed), REVIEWS)
    parts.append(_REVIEWS + _reviews_table(list(reviews)))
    parts.append(
        _STOPPING + _stopping_table(list(mapped(partial(calibrate_stopping, simulations=simulations), DESIGNS)))
    )
    families = mapped(partial(calibrate_family, simulations=simulations, seed=seed), FAMILIES)
    parts.append(_FAMILIES + _families_table([row for rows in families for row in rows]))
    parts.append(_ORACLES + _oracles_table(checks(seed)))
    return "\n".join(parts)


def _designs_table(results: Sequence[tuple[Design, Calibration]]) -> str:
    return table(_HEADER, [_row(design, found) for design, found in results])


def _row(design: Design, found: Calibration) -> tuple[str, ...]:
    ours, plain = found.ours, found.plain
    return (
        design.name,
        _marked(ours.alarms, ALARMS),
        percent(plain.alarms),
        _marked(ours.covered, COVERED),
        percent(plain.covered),
        percent(ours.found),
        percent(plain.found),
        f"{found.effect:.2g}",
    )


def _notes(results: Sequence[tuple[Design, Calibration]]) -> str:
    """Why a design is outside of the goals, where that is known."""
    lines = [f"- {design.name}: {design.note}." for design, found in results if design.note and outside(found.ours)]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _reviews_table(results: Sequence[ReviewCalibration]) -> str:
    rows = []
    for found in results:
        ours, judge, people = found.corrected, found.judge, found.people
        rows.append(
            (
                found.review.name,
                *(_marked(ours.alarms, ALARMS), percent(judge.alarms), percent(people.alarms)),
                *(_marked(ours.covered, COVERED), percent(judge.covered), percent(people.covered)),
                *(percent(ours.found), percent(judge.found), percent(people.found)),
                f"{found.effect:.2g}",
            )
        )
    return table(_REVIEW_HEADER, rows)


def _stopping_table(results: Sequence[Stopped]) -> str:
    rows = [
        (
            found.name,
            _marked(found.alarms, (0, ERROR)),
            percent(found.peeking),
            _marked(found.missed, (0, ERROR)),
            percent(found.found),
            _marked(1 - found.asked, (_SAVED, 1)),
            percent(1 - found.asked_if_equal),
        )
        for found in results
    ]
    return table(_STOPPING_HEADER, rows)


def _families_table(found: Sequence[Family]) -> str:
    rows = [(each.name, percent(each.alarms), percent(each.first_alone), each.note) for each in found]
    return table(("comparisons", "false alarms", "one alone", "what to do"), rows)


def _oracles_table(found: Sequence[Check]) -> str:
    rows = [(each.figure, each.oracle, str(each.compared), _deviation(each.deviation)) for each in found]
    return table(("figure", "compared with", "figures compared", "largest deviation"), rows)


def _deviation(value: float) -> str:
    """Below a billionth it is rounding error, which differs between machines."""
    text = "below 1e-9" if value < 1e-9 else f"{value:.0e}"
    return text if value <= DEVIATION else f"**{text}**"


def outside(rates: Rates) -> bool:
    """Whether a rate is outside of its goal."""
    return not (ALARMS[0] <= rates.alarms <= ALARMS[1] and COVERED[0] <= rates.covered <= COVERED[1])


def _marked(value: float, goal: tuple[float, float]) -> str:
    return percent(value) if goal[0] <= value <= goal[1] else f"**{percent(value)}**"


def percent(value: float) -> str:
    """A share as a percentage."""
    return f"{100 * value:.1f} %"
