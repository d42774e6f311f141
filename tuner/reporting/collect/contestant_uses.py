"""Collects what the contestants of a run used and cost, at the prices of its estimate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from tuner import catalog
from tuner.artifacts.contexts import Context
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate, Rate
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.report.contestants import ContestantUse, ContextCounts, ServiceLine
from tuner.artifacts.report.evaluation import Question
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.artifact_keys import Keys
from tuner.core.wording import plural
from tuner.costs.monthly.contestant_uses import ContestantCosts
from tuner.costs.monthly.lines import TOKENS, Service, way_of
from tuner.reporting.formatting import integer

_PARTS = "examples or passages"


def contestant_uses(
    folder: RunFolder,
    manifest: Manifest,
    estimate: Estimate | None,
    questions: Sequence[Question],
    written: Collection[str],
) -> tuple[ContestantUse, ...]:
    """The uses of the contestants that were asked, in the order of tables. `written` names the artifacts of the run."""
    costs = contestant_costs(manifest, estimate)
    asked = [each for each in manifest.contestants if any(question.of(each.name) for question in questions)]
    with_contexts = {each.name for each in asked if Keys.contexts(each.name) in written}
    return tuple(
        costs.use(each, questions).model_copy(
            update={"context": _context_counts(folder, each.name, questions) if each.name in with_contexts else None}
        )
        for each in asked
    )


def monthly_costs(
    manifest: Manifest, estimate: Estimate | None, uses: Sequence[ContestantUse]
) -> tuple[ServiceLine, ...]:
    """What a month costs with each contestant that was asked, in every way to serve it."""
    costs = contestant_costs(manifest, estimate)
    on_demand = bool(uses) and catalog.family_of(manifest.base_model).on_demand_deployment
    return tuple(line for use in uses for line in costs.lines(manifest.contestant(use.name), use, on_demand))


def _context_counts(folder: RunFolder, contestant: ContestantName, questions: Sequence[Question]) -> ContextCounts:
    """The examples and passages of the questions that the contestant was asked."""
    asked = {question.id for question in questions if question.of(contestant)}
    parts = parts_with_answer = questions_with_answer = questions_with_part = 0
    for context in folder.load_records(Keys.contexts(contestant), Context):
        if context.id in asked:
            holding = [part.holds_answer for part in context.examples] + [
                part.holds_answer for part in context.passages
            ]
            parts += len(holding)
            questions_with_part += bool(holding)
            parts_with_answer += sum(holding)
            questions_with_answer += context.holds_answer
    return ContextCounts(
        questions=len(asked),
        parts=parts,
        parts_with_answer=parts_with_answer,
        questions_with_answer=questions_with_answer,
        questions_without_part=len(asked) - questions_with_part,
    )


def prompts_in_words(uses: Sequence[ContestantUse]) -> Iterator[str]:
    """What is special about the prompts of contestants that have examples or passages."""
    yield from _questions_alone(uses)
    yield from answers_given_away(uses)


def _questions_alone(uses: Iterable[ContestantUse]) -> Iterator[str]:
    for use in uses:
        if use.context and use.context.questions_without_part:
            alone = integer(use.context.questions_without_part)
            yield (
                f"Nothing was found for {alone} of {plural(use.context.questions, 'question')} of {use.title}: no "
                "example or passage shares a word with them. Their prompts have the question alone."
            )


def answers_given_away(uses: Iterable[ContestantUse]) -> Iterator[str]:
    """How often the prompts of contestants had the right answer word for word. Equal counts share a sentence."""
    titles: dict[ContextCounts, list[str]] = {}
    for use in uses:
        if use.context and use.context.parts_with_answer:
            titles.setdefault(use.context, []).append(use.title)
    for context, named in titles.items():
        yield (
            f"{integer(context.parts_with_answer)} of {plural(context.parts, 'example or passage', _PARTS)} of "
            f"{' and '.join(named)} have a right answer of their question word for word, for "
            f"{plural(context.questions_with_answer, 'question')}. There it is enough to copy the answer, so the score "
            "says little about other questions."
        )


def not_known(use: ContestantUse) -> str:
    """Why a cost is not known; empty where all are."""
    prices = [name for name in use.unknown if name != TOKENS]
    reasons = [f"no price for {', '.join(prices)}"] if prices else []
    return "; ".join([*(["tokens were not counted"] if TOKENS in use.unknown else []), *reasons])


def costs_not_known(uses: Iterable[ContestantUse]) -> Iterator[str]:
    """The same in sentences, for the contestants with a cost that is not known."""
    yield from (f"Costs of {use.title} are not known: {not_known(use)}." for use in uses if use.unknown)


def contestant_costs(manifest: Manifest, estimate: Estimate | None) -> ContestantCosts:
    """The costs of a month of service, with the run's settings. Without an estimate, no price is known."""
    settings, month = manifest.settings, manifest.settings.break_even
    service = Service(
        estimate.rates if estimate else (), month.hours_per_month, month.model_units or settings.model_units
    )
    way = way_of(settings.serving, settings.commitment)
    others = {each.name: _own_prices(each.name, estimate) for each in manifest.contestants if each.model and estimate}
    return ContestantCosts(service, way, month.retrieval_usd_per_month, others)


def _own_prices(contestant: ContestantName, estimate: Estimate) -> Service:
    """The prices of a contestant's own model: those that its answers were estimated with."""
    found = {
        "input": estimate.find(CostItemId.COMPARED_INPUT, contestant=contestant),
        "output": estimate.find(CostItemId.COMPARED_OUTPUT, contestant=contestant),
    }
    rates = [Rate(item=name, usd=item.unit_price_usd, source=item.source or "") for name, item in found.items() if item]
    return Service(rates, 0, 0)
