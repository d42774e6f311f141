"""Renders the page of all runs: a sortable table, and a chart of the scores of each dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from tuner.artifacts.report.run_summary import RunSummary
from tuner.reporting.formatting import measure_title
from tuner.reporting.page.charts import history_chart
from tuner.reporting.page.page import render

# The measures in the table. The chart of a dataset shows the first one that its runs have.
_SHOWN = ("correctness", "bertscore_f1")
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class History:
    """The chart of a dataset's runs."""

    dataset: str
    label: str
    chart: Markup


def runs_page(summaries: Sequence[RunSummary]) -> str:
    """The page, newest run first. Its links are relative: they work next to the folders of the runs."""
    labels = {name: _label(summaries, name) for name in _SHOWN if any(name in summary.scores for summary in summaries)}
    gated = any(summary.gate for summary in summaries)
    guarded = any(summary.guard for summary in summaries)
    histories = list(_histories(summaries))
    return render(
        "overview.html.j2", summaries=summaries, labels=labels, gated=gated, guarded=guarded, histories=histories
    )


def _histories(summaries: Sequence[RunSummary]) -> Iterator[History]:
    by_dataset: dict[str, list[RunSummary]] = defaultdict(list)
    for summary in reversed(summaries):  # a chart goes from the oldest run to the newest
        if summary.dataset:
            by_dataset[summary.dataset].append(summary)
    for dataset, runs in sorted(by_dataset.items()):
        for name in _SHOWN:
            scored = [(summary, summary.scores[name]) for summary in runs if name in summary.scores]
            tuned = [
                (datetime.fromisoformat(summary.ended_at), s.tuned) for summary, s in scored if s.tuned is not None
            ]
            base = [(datetime.fromisoformat(summary.ended_at), s.base) for summary, s in scored if s.base is not None]
            if len(tuned) >= _FEWEST:
                label = scored[-1][1].label or measure_title(name)
                yield History(dataset, label, history_chart(base, tuned, label))
                break


def _label(summaries: Sequence[RunSummary], name: str) -> str:
    return next((summary.scores[name].label for summary in summaries if name in summary.scores), None) or measure_title(
        name
    )
