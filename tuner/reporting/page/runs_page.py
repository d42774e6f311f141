"""The page over all runs: one table to sort, and per dataset how its models came along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from tuner.reporting.collect.run_summary import Card
from tuner.reporting.formatting import title
from tuner.reporting.page.charts import history
from tuner.reporting.page.page import render

# The metrics of the table, and in this order the candidates for a dataset's chart.
_SHOWN = ("correctness", "bertscore_f1")
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class History:
    """A dataset's runs over time."""

    dataset: str
    label: str
    chart: Markup


def overview(cards: Sequence[Card]) -> str:
    """The page, newest run first. Its links lead to the runs' pages where it lies beside their folders."""
    labels = {name: _label(cards, name) for name in _SHOWN if any(name in card.scores for card in cards)}
    gated = any(card.gate for card in cards)
    return render("overview.html.j2", cards=cards, labels=labels, gated=gated, histories=list(_histories(cards)))


def _histories(cards: Sequence[Card]) -> Iterator[History]:
    by_dataset: dict[str, list[Card]] = defaultdict(list)
    for card in reversed(cards):
        if card.dataset:
            by_dataset[card.dataset].append(card)
    for dataset, runs in sorted(by_dataset.items()):
        for name in _SHOWN:
            scored = [(card, card.scores[name]) for card in runs if name in card.scores]
            tuned = [(datetime.fromisoformat(card.ended_at), s.tuned) for card, s in scored if s.tuned is not None]
            base = [(datetime.fromisoformat(card.ended_at), s.base) for card, s in scored if s.base is not None]
            if len(tuned) >= _FEWEST:
                label = scored[-1][1].label or title(name)
                yield History(dataset, label, history(base, tuned, label))
                break


def _label(cards: Sequence[Card], name: str) -> str:
    return next((card.scores[name].label for card in cards if name in card.scores), None) or title(name)
