"""The report as one HTML file: nothing is fetched, and what models and files say stays text.

Jinja2 escapes every value. The page's policy allows its own style sheet and script by their hashes and nothing else, so
that even a value that slipped through could not act.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tuner.reporting import words
from tuner.reporting.charts import loss_curves
from tuner.reporting.differences import Span, differences
from tuner.reporting.fit import fit
from tuner.reporting.model import Answer, Question, Report

# What is shown of a folded text before it is opened, in characters.
_FIRST = 300


@dataclass(frozen=True, slots=True)
class Compared:
    """A question's texts with their differences marked: each answer against the reference, it against the tuned one."""

    reference: tuple[Span, ...]
    base: tuple[Span, ...]
    tuned: tuple[Span, ...]


def compared(question: Question) -> Compared:
    """The texts of a question, ready to be shown."""
    reference = question.reference or ""
    base, _ = differences(_said(question.base), reference)
    tuned, back = differences(_said(question.tuned), reference)
    return Compared(back, base, tuned)


def first_of(text: str) -> str:
    """The beginning of a text, on one line."""
    return " ".join(text[:_FIRST].split())


def _said(answer: Answer | None) -> str:
    return (answer.answer if answer else None) or ""


_FILTERS = {
    "duration": words.duration,
    "money": words.money,
    "first_of": first_of,
    "number": words.number,
    "number_short": words.short,
    "plural": words.plural,
    "title_of": words.title,
    "when": words.when,
    "whole": words.whole,
}


def page(report: Report) -> str:
    """The whole page."""
    return render(
        "report.html.j2",
        report=report,
        curves=loss_curves(report.training) if report.training else None,
        fit=fit(report.training) if report.training else (),
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
        loader=PackageLoader("tuner.reporting", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(between=words.between, compared=compared)
    return environment


@cache
def _asset(name: str) -> str:
    return files("tuner.reporting").joinpath("assets", name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
