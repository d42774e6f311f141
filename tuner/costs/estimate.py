"""Adds up what a run will cost, item by item, from its counted tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tuner import catalog
from tuner.artifacts.estimate import Estimate, Item, Limits, Rate
from tuner.costs.cost_inputs import Counted, Plan, Questions
from tuner.costs.judge_usage import Judging
from tuner.costs.overhead import small_change
from tuner.costs.prices import Price, PriceList, price_list
from tuner.settings.prices import Priced, Term

# About twenty minutes until throughput is in service, a few to ask; what is begun of an hour is counted whole, because
# AWS does not say that it bills less.
_EXPECTED_MINUTES_TO_SERVICE = 20.0
_EXPECTED_SECONDS_PER_ANSWER = 5.0
_HOURS_PER_MONTH = 730
_RATES: tuple[tuple[Priced, Term | None], ...] = (
    ("input", None),
    ("output", None),
    ("custom_input", None),
    ("custom_output", None),
    ("storage", None),
    ("throughput", "hourly"),
    ("throughput", "OneMonth"),
    ("throughput", "SixMonths"),
)
_MONTHS = {"OneMonth": 1, "SixMonths": 6}


def estimate(
    plan: Plan, counted: Counted, limits: Limits, prices: PriceList | None = None, warnings: Sequence[str] = ()
) -> Estimate:
    """What the run will cost. Answers are counted at their greatest length, so that the sum is seldom too low."""
    known_prices = prices or price_list()
    items = tuple(_Items(plan, counted, known_prices).all())
    known = [item.usd for item in items if item.usd is not None]
    return Estimate(
        items=items,
        total_usd=round(sum(known), 6),
        unknown=tuple(item.name for item in items if item.usd is None),
        rates=tuple(_rate(known_prices, plan.model.invoke_id, *wanted) for wanted in _RATES),
        warnings=tuple(warnings),
        **limits.model_dump(),
    )


def _rate(prices: PriceList, model: str, item: Priced, term: Term | None) -> Rate:
    found = prices.find(item, model, term)
    return Rate(item=item, term=term, usd=found.usd if found else None, source=found.told() if found else "unknown")


def throughput_hours(questions: Questions) -> float:
    """Hours that throughput is expected to be paid for, until the last answer."""
    minutes = _EXPECTED_MINUTES_TO_SERVICE + questions.count * _EXPECTED_SECONDS_PER_ANSWER / 60
    return float(math.ceil(minutes / 60))


def priced_as(model: str) -> str:
    """The id that a judge's prices go by: the model behind its inference profile."""
    return catalog.judge_or_assumed(model).foundation_model


class _Items:
    def __init__(self, plan: Plan, counted: Counted, prices: PriceList) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._counted = counted
        self._prices = prices
        self._model = plan.model.invoke_id
        # Of all questions, at their greatest length.
        self._answers = counted.questions.count * plan.settings.inference.max_tokens

    def all(self) -> Iterator[Item]:
        """Every item, in the order of the run."""
        yield from self._generation()
        trained = self._counted.training_tokens * self._plan.epochs
        yield _item("Training", trained, "tokens x epochs", self._prices.find("training", self._model))
        yield _item("Custom model storage", 1, "months", self._prices.find("storage", self._model))
        if self._settings.serving != "none":
            yield from self._base_answers()
            yield from self._tuned_answers()
            yield from self._judging()
        yield from (_item(*line) for line in small_change(self._plan, self._counted, self._prices))

    def _generation(self) -> Iterator[Item]:
        made = self._counted.generation
        if made is None:
            return
        unit, model = "tokens, at most" if made.most else "tokens", priced_as(made.model)
        yield _item("Generation, reading", made.input_tokens, unit, self._prices.find("input", model))
        yield _item("Generation, writing", made.output_tokens, unit, self._prices.find("output", model))

    def _base_answers(self) -> Iterator[Item]:
        asked, prices = self._counted.questions.question_tokens, self._prices
        yield _item("Base model, questions", asked, "tokens", prices.find("input", self._model))
        yield _item("Base model, answers", self._answers, "tokens, at most", prices.find("output", self._model))

    def _tuned_answers(self) -> Iterator[Item]:
        asked, prices = self._counted.questions.question_tokens, self._prices
        if self._settings.serving == "provisioned":
            yield from self._throughput()
            return
        yield _item("Tuned model, questions", asked, "tokens", prices.find("custom_input", self._model))
        yield _item("Tuned model, answers", self._answers, "tokens, at most", prices.find("custom_output", self._model))

    def _throughput(self) -> Iterator[Item]:
        """The evaluation is always served by the hour; a term is bought only once the gate accepted the model."""
        units, unit = self._settings.model_units, "model units x hours"
        hourly = self._prices.find("throughput", self._model, "hourly")
        yield _item("Provisioned throughput", units * throughput_hours(self._counted.questions), unit, hourly)
        if self._settings.keep_hours:
            yield _item("Throughput kept afterwards", units * self._settings.keep_hours, unit, hourly)
        if term := self._settings.commitment:
            hours = _MONTHS[term] * _HOURS_PER_MONTH
            yield _item(f"Commitment, {term}", units * hours, unit, self._prices.find("throughput", self._model, term))

    def _judging(self) -> Iterator[Item]:
        judging = Judging.of(self._plan, self._counted)
        if not judging.verdicts:
            return
        model = priced_as(self._plan.judge_model)
        yield _item("Judge, reading", judging.read, "tokens, at most", self._prices.find("input", model))
        yield _item("Judge, verdicts", judging.written, "tokens, at most", self._prices.find("output", model))


def _item(name: str, quantity: float, unit: str, found: Price | None) -> Item:
    return Item(
        name=name,
        quantity=quantity,
        unit=unit,
        unit_price_usd=found.usd if found else None,
        usd=quantity * found.usd if found else None,
        source=found.told() if found else "unknown",
    )
