"""Collects what the contestants of a run used and cost, at the prices of its estimate."""

from __future__ import annotations

from collections.abc import Sequence

from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report.contestants import ContestantUse
from tuner.artifacts.report.evaluation import Question
from tuner.costs.monthly.contestant_uses import ContestantCosts
from tuner.costs.monthly.lines import Service, way_of


def contestant_uses(
    manifest: Manifest, estimate: Estimate | None, questions: Sequence[Question]
) -> tuple[ContestantUse, ...]:
    """Those of the contestants that were asked, in the order of tables."""
    costs = contestant_costs(manifest, estimate)
    asked = [each for each in manifest.contestants if any(question.of(each.name) for question in questions)]
    return tuple(costs.use(contestant, questions) for contestant in asked)


def contestant_costs(manifest: Manifest, estimate: Estimate | None) -> ContestantCosts:
    """The costs of a month of service, with the run's settings. Without an estimate, no price is known."""
    settings, month = manifest.settings, manifest.settings.break_even
    service = Service(
        estimate.rates if estimate else (), month.hours_per_month, month.model_units or settings.model_units
    )
    way = way_of(settings.serving, settings.commitment)
    return ContestantCosts(service, way, month.retrieval_usd_per_month)
