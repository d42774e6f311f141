"""Renders the report as one HTML file, which loads nothing from elsewhere.

Answers, file names and messages are other people's text. Jinja2 escapes every value. In addition, the page's content
security policy allows only its own style sheet and script, by their hashes: a value that was not escaped could not run.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache, partial
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tuner.artifacts.costs import amounts
from tuner.artifacts.evaluation.contestants import title_of
from tuner.artifacts.report import Report
from tuner.catalog.guard_questions import category_title
from tuner.core.text_sanitizer import readable
from tuner.core.wording import plural
from tuner.reporting import formatting
from tuner.reporting.advice.next_steps import for_place, open_report
from tuner.reporting.collect.break_even import assumed, outcome
from tuner.reporting.collect.caveats import caveats, judge_caveats, measure_correlations
from tuner.reporting.collect.contestant_uses import not_known, prompts_in_words
from tuner.reporting.collect.model_names import display_name
from tuner.reporting.collect.release_state import release_state
from tuner.reporting.collect.training_diagnosis import training_diagnosis
from tuner.reporting.page import view
from tuner.reporting.page.candidates_table import candidate_rows
from tuner.reporting.page.charts import CHART_ANSWERS, break_even_chart, loss_chart, quality_chart, quality_points
from tuner.reporting.page.confusion_matrix import confusion_tables
from tuner.reporting.page.slices_table import slice_rows, slices_sentence
from tuner.reporting.page.svg import interval_bar, timeline_bars, win_shares

_FILTERS = {
    "duration": formatting.duration,
    "grade": formatting.grade,
    "minute": formatting.minute,
    "money": amounts.money,
    "money_at_most": amounts.money_at_most,
    "money_to_compare": amounts.money_to_compare,
    "number": formatting.number,
    "break_even_outcome": outcome,
    "range_limit": formatting.range_limit,
    "plural": plural,
    "price": formatting.price,
    "probability": formatting.probability,
    "quantity": formatting.quantity,
    "display_name": display_name,
    "share_or_number": formatting.share_or_number,
    "measure_title": formatting.measure_title,
    "timestamp": formatting.timestamp,
    "title_of": title_of,
    "integer": formatting.integer,
    "interval_limits": formatting.interval_limits,
    "latency": formatting.latency,
    "not_known": not_known,
}
_GLOBALS = {
    "seconds_between": formatting.seconds_between,
    "release_state": release_state,
    "interval_bar": interval_bar,
    "slice_rows": slice_rows,
    "guard_category": category_title,
    "slices_sentence": slices_sentence,
    "win_shares": win_shares,
    "timeline_bars": timeline_bars,
}


def page(report: Report) -> str:
    """The page of a report."""
    rows = view.question_rows(report)
    return render(
        "report.html.j2",
        report=report,
        headline=view.headline(report.verdict.sentence),
        open_report=open_report(report),
        for_place=partial(for_place, report),
        tag_sentence=view.tag_sentence(report),
        asked=view.asked(report),
        caveats=caveats(report),
        deciding=view.deciding_row(report),
        compared_measures=view.compared_measures(report),
        descriptive_measures=view.descriptive_measures(report),
        own_measures=view.own_measures(report),
        judge_caveats=judge_caveats(report),
        judged_measures=view.judged_measures(report),
        contestant_rows=view.contestant_rows(report),
        contestant_pairs=view.contestant_pairs(report),
        quality_chart=quality_chart(report),
        quality_points=quality_points(report),
        chart_answers=CHART_ANSWERS,
        given_away=tuple(prompts_in_words(report.contestants)),
        classification=report.scoring.classification,
        confusion_tables=confusion_tables(report.scoring.classification) if report.scoring.classification else (),
        extraction=report.scoring.extraction,
        correlations=measure_correlations(report),
        rows=rows,
        was_asked=any(side.answer for row in rows for side in row.sides),
        fewest_records=view.FEWEST_RECORDS,
        loss_chart=loss_chart(report.training) if report.training else None,
        diagnosis=training_diagnosis(report.training) if report.training else (),
        candidate_rows=candidate_rows(report),
        candidates_kept=report.settings is not None and report.settings.keep_candidates,
        cost_rows=view.cost_rows(report),
        break_even_chart=break_even_chart(report.break_even) if report.break_even else None,
        assumptions=tuple(assumed(report.break_even)) if report.break_even else (),
    )


def render(template: str, own: str | None = None, **values: Any) -> str:
    """Renders a template of `assets/` with the style sheet, the script and the content security policy.

    `own` names a style sheet that is added to the report's, and a script that takes the place of the report's.
    """
    style = _asset("report.css") + (_asset(f"{own}.css") if own else "")
    script = _asset(f"{own or 'report'}.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    # Both are files of this package and contain no values, so they need no escaping.
    sheets = {"style": Markup(style), "script": Markup(script)}  # noqa: S704
    return _environment().get_template(template).render(policy=policy, **sheets, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tuner.reporting.page", "assets"),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,  # a misspelt name in a template is an error, not an empty text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(_GLOBALS)
    return environment


def _readable(value: Any) -> Any:
    """Replaces control characters and direction overrides, which could hide or reorder text on the page."""
    return readable(value) if type(value) is str else value


@cache
def _asset(name: str) -> str:
    return files("tuner.reporting.page").joinpath("assets", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
