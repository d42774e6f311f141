"""The report as one HTML file: nothing is fetched, and what models and files say stays text.

Jinja2 escapes every value. The page's policy allows its own style sheet and script by their hashes and nothing else, so
that even a value that slipped through could not act.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tuner.artifacts.report import Report
from tuner.core.text_sanitizer import readable
from tuner.reporting import formatting
from tuner.reporting.collect.break_even import assumed, outcome
from tuner.reporting.collect.caveats import agreements, habits, notes
from tuner.reporting.collect.model_names import shown
from tuner.reporting.collect.release_state import ending
from tuner.reporting.collect.training_diagnosis import fit
from tuner.reporting.page import view
from tuner.reporting.page.charts import break_even_lines, loss_curves
from tuner.reporting.page.svg import interval, shares, stretches

_FILTERS = {
    "duration": formatting.duration,
    "grade": formatting.grade,
    "minute": formatting.minute,
    "money": formatting.money,
    "number": formatting.number,
    "outcome": outcome,
    "number_short": formatting.short,
    "plural": formatting.plural,
    "price": formatting.price,
    "probability": formatting.probability,
    "quantity": formatting.quantity,
    "shown": shown,
    "share_or_number": formatting.share_or_number,
    "title_of": formatting.title,
    "when": formatting.when,
    "whole": formatting.whole,
}
_GLOBALS = {
    "between": formatting.between,
    "ending": ending,
    "interval": interval,
    "shares": shares,
    "stretches": stretches,
}


def page(report: Report) -> str:
    """The whole page."""
    return render(
        "report.html.j2",
        report=report,
        headline=view.headline(report.verdict.sentence),
        mark=view.mark(report),
        notes=notes(report),
        compared_by=view.compared_by(report),
        described_by=view.described_by(report),
        habits=habits(report),
        agreements=agreements(report),
        rows=view.rows(report),
        fewest_records=view.FEWEST_RECORDS,
        curves=loss_curves(report.training) if report.training else None,
        fit=fit(report.training) if report.training else (),
        costs=view.costs(report),
        break_even=break_even_lines(report.break_even) if report.break_even else None,
        assumed=tuple(assumed(report.break_even)) if report.break_even else (),
    )


def render(template: str, **values: Any) -> str:
    """A page from a template of `assets/`, with the style sheet, the script and the policy that allows them."""
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    # Our own files, and no values in them.
    sheets = {"style": Markup(style), "script": Markup(script)}  # noqa: S704
    return _environment().get_template(template).render(policy=policy, **sheets, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tuner.reporting.page", "assets"),
        autoescape=True,
        finalize=_readable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(_GLOBALS)
    return environment


def _readable(value: Any) -> Any:
    """What a template puts out: other people's texts without characters that hide or turn what is written."""
    return readable(value) if type(value) is str else value


@cache
def _asset(name: str) -> str:
    return files("tuner.reporting.page").joinpath("assets", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
