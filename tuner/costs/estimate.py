"""Estimates the cost of a run, item by item."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tuner import catalog
from tuner.artifacts.costs.amounts import approved_amount
from tuner.artifacts.costs.cost_items import LABELS, CostItemId
from tuner.artifacts.costs.estimate import ChoiceEstimate, CostItem, Estimate, Rate, SpendingLimits
from tuner.artifacts.evaluation.answers import MOST_LOOKS
from tuner.artifacts.evaluation.contestants import BASE, BEST, Contestant
from tuner.catalog.metrics import uses_judge
from tuner.costs.answer_usage import AnswerUsage
from tuner.costs.cost_inputs import CostInputs, Plan
from tuner.costs.judge_usage import (
    MOST_PREFLIGHTS,
    MOST_SCORER_TESTS,
    MOST_TEST_TOKENS,
    TEST_REPLY_TOKENS,
    TOKEN_TESTS,
    JudgeUsage,
    ScorerUsage,
)
from tuner.costs.overhead import MOST_RUNS_OF_A_STEP, ONE_MONTH, overhead
from tuner.costs.prices.price_list import Price, PriceList, price_list
from tuner.settings import Commitment
from tuner.settings.deployment.prices import PricedItem, Term

# Throughput takes about twenty minutes to come into service. Begun hours count whole, because AWS does not state that
# it bills less.
_EXPECTED_MINUTES_TO_SERVICE = 20.0
_EXPECTED_SECONDS_PER_ANSWER = 5.0
# A run that may stop early grades each batch while the throughput is paid for. If no batch decides, it grades all but
# the last one then.
_EXPECTED_MINUTES_PER_LOOK = 1.0
# The release schedule fires at a fixed time, and the deletion follows within the next begun hour.
_HOURS_OF_RELEASE = 1
_HOURS_PER_MONTH, _MOST_HOURS_PER_MONTH = 730, 31 * 24
_RATES: tuple[tuple[PricedItem, Term | None], ...] = (
    ("input", None),
    ("output", None),
    ("custom_input", None),
    ("custom_output", None),
    ("storage", None),
    ("throughput", "hourly"),
    ("throughput", "OneMonth"),
    ("throughput", "SixMonths"),
)
_TRAINING_AND_STORAGE: tuple[PricedItem, PricedItem] = ("training", "storage")
_READING_AND_WRITING: tuple[PricedItem, PricedItem] = ("input", "output")
_BATCH_READING_AND_WRITING: tuple[PricedItem, PricedItem] = ("batch_input", "batch_output")
_CUSTOM_READING_AND_WRITING: tuple[PricedItem, PricedItem] = ("custom_input", "custom_output")
_COMMITMENTS: dict[Commitment, tuple[CostItemId, int]] = {
    "OneMonth": (CostItemId.ONE_MONTH_COMMITMENT, 1),
    "SixMonths": (CostItemId.SIX_MONTHS_COMMITMENT, 6),
}
"""By term, its item and its months."""


def estimate(
    plan: Plan,
    inputs: CostInputs,
    limits: SpendingLimits,
    prices: PriceList | None = None,
    warnings: Sequence[str] = (),
) -> Estimate:
    """What the run is expected to cost, and what it costs at most.

    Expected: answers and grades at their maximum length, but no repeated request. At most: a token for every byte of
    text, every attempt of the judge, lost replies, and throughput until the release schedule fires.
    """
    known_prices = prices or price_list()
    choices = {
        model.id: _choice(replace(plan, model=model), inputs, limits, known_prices) for model in plan.base_models
    }
    # Nobody knows which candidate will be chosen, so the estimate is that of the most expensive choice. A choice with
    # unknown prices may be the most expensive one, so it comes first. The approved amount is the largest known sum of
    # all choices: the run must stay within it whichever is chosen.
    dearest = max(choices.values(), key=lambda choice: (len(choice.unknown), choice.at_most_usd, choice.total_usd))
    most = max(choice.at_most_usd or 0 for choice in choices.values())
    return Estimate(
        **{**dict(dearest), "at_most_usd": most},
        choices=choices if len(choices) > 1 else {},
        warnings=tuple(warnings),
        **limits.model_dump(),
    )


def _choice(plan: Plan, inputs: CostInputs, limits: SpendingLimits, prices: PriceList) -> ChoiceEstimate:
    items = tuple(_Items(plan, inputs, prices, limits.longest_throughput_hours).all())
    # An unknown price is not zero: the item is named in `unknown` instead.
    known = [item.usd for item in items if item.usd is not None]
    return ChoiceEstimate(
        items=items,
        total_usd=round(sum(known), 6),
        at_most_usd=approved_amount(sum(item.at_most_usd for item in items if item.at_most_usd is not None)),
        unknown=tuple(item.name for item in items if item.usd is None),
        rates=tuple(_rate(prices, plan.model.invoke_id, *wanted) for wanted in _RATES),
    )


def _rate(prices: PriceList, model: str, item: PricedItem, term: Term | None) -> Rate:
    found = prices.find(item, model, term)
    return Rate(item=item, term=term, usd=found.usd if found else None, source=_source(found))


def throughput_hours(answers: int, stop_early: bool = False) -> float:
    """The hours for which throughput is expected to be paid, until the last answer.

    With `stop_early`, as if no batch of questions decided.
    """
    minutes = _EXPECTED_MINUTES_TO_SERVICE + answers * _EXPECTED_SECONDS_PER_ANSWER / 60
    minutes += MOST_LOOKS * _EXPECTED_MINUTES_PER_LOOK if stop_early else 0
    return float(math.ceil(minutes / 60))


def priced_as(model: str) -> str:
    """The model id under which another model's prices are listed: the foundation model of its inference profile."""
    return catalog.judge_or_assumed(model).foundation_model


class _Items:
    def __init__(self, plan: Plan, inputs: CostInputs, prices: PriceList, longest_throughput_hours: float) -> None:
        self._plan = plan
        self._settings = plan.settings
        self._inputs = inputs
        self._prices = prices
        self._longest_throughput_hours = longest_throughput_hours
        self._model = plan.model.invoke_id
        self._answers = AnswerUsage.whole(plan, inputs)

    def all(self) -> Iterator[CostItem]:
        """Every item, in the order of the run."""
        yield from self._generation()
        for model in self._plan.base_models:
            yield from self._training(model)
        if self._settings.serving != "none":
            yield from self._base_answers()
            yield from self._tuned_answers()
            for contestant in self._plan.others:
                yield from self._compared_answers(contestant)
            yield from self._judge()
            yield from self._scorer()
        for item, quantity, unit, price in overhead(self._plan, self._inputs, self._prices):
            yield _item(item, quantity, unit, price, quantity * MOST_RUNS_OF_A_STEP)

    def _training(self, model: catalog.Model) -> Iterator[CostItem]:
        """The training of every candidate, and the storage of its model. One that was trained before costs less."""
        epochs = [epochs for trained, epochs in self._plan.trainings if trained.id == model.id]
        trained = self._inputs.training_tokens * sum(epochs)
        most = self._inputs.most_training_tokens * sum(epochs)
        price, stored = (self._prices.find(item, model.invoke_id) for item in _TRAINING_AND_STORAGE)
        items = (
            _item(CostItemId.TRAINING, trained, "tokens x epochs", price, most),
            _item(CostItemId.CUSTOM_MODEL_STORAGE, len(epochs), f"model {ONE_MONTH}", stored),
        )
        several = len(self._plan.base_models) > 1
        yield from (_of_model(item, model) if several else item for item in items)
        if several:  # the preflight counts the tokens of a text
            reading, writing = (self._prices.find(item, model.invoke_id) for item in _READING_AND_WRITING)
            price, most = _price_of_a_test(reading, writing), TOKEN_TESTS * MOST_PREFLIGHTS
            test = _item(CostItemId.JUDGE_TEST, TOKEN_TESTS, "requests", price, most)
            yield _of_model(test.model_copy(update={"name": "Test requests"}), model)

    def _generation(self) -> Iterator[CostItem]:
        tokens = self._inputs.generation
        if tokens is None:
            return
        model = priced_as(tokens.model)
        reading, writing = (self._prices.find(item, model) for item in _READING_AND_WRITING)
        yield _item(CostItemId.GENERATION_INPUT, tokens.input_tokens, "tokens", reading, tokens.most_input_tokens)
        yield _item(CostItemId.GENERATION_OUTPUT, tokens.output_tokens, "tokens", writing, tokens.most_output_tokens)

    def _base_answers(self) -> Iterator[CostItem]:
        reading, writing = (self._prices.find(item, self._model) for item in _READING_AND_WRITING)
        base = next(each for each in self._plan.contestants if each.name == BASE)
        yield from self._batch_answers(base, self._model)
        items = (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT)
        usage = AnswerUsage.whole(self._plan, self._inputs, BASE in self._inputs.batched)
        yield from _priced_answers(items, usage, reading, writing)

    def _tuned_answers(self) -> Iterator[CostItem]:
        if self._settings.serving == "provisioned":
            yield from self._throughput()
            return
        reading, writing = (self._prices.find(item, self._model) for item in _CUSTOM_READING_AND_WRITING)
        items = (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT)
        yield from _priced_answers(items, self._answers, reading, writing)

    def _compared_answers(self, contestant: Contestant) -> Iterator[CostItem]:
        """The answers of another contestant. On throughput, they cost the time that `_throughput` counts.

        Those of the best earlier run are stored: nobody is asked again.
        """
        if contestant.kind == BEST or (contestant.asks_tuned and self._settings.serving == "provisioned"):
            return
        rates = _CUSTOM_READING_AND_WRITING if contestant.asks_tuned else _READING_AND_WRITING
        model = priced_as(contestant.model) if contestant.model else self._model
        reading, writing = (self._prices.find(item, model) for item in rates)
        if contestant.model:  # the preflight finds out whether the model answers
            price = _price_of_a_test(reading, writing, catalog.judge_or_assumed(contestant.model).reasoning_tokens)
            test = _item(CostItemId.JUDGE_TEST, 1, "requests", price, MOST_PREFLIGHTS)
            yield test.model_copy(update={"contestant": contestant.name, "name": f"{contestant.title}, test request"})
        settings = self._plan.settings_of(contestant)
        yield from self._batch_answers(contestant, model)
        batched = contestant.name in self._inputs.batched
        usage = AnswerUsage.of(settings, self._inputs.asked_of(contestant, settings), batched)
        items = (CostItemId.COMPARED_INPUT, CostItemId.COMPARED_OUTPUT)
        yield from _of_contestant(contestant, _priced_answers(items, usage, reading, writing))

    def _batch_answers(self, contestant: Contestant, model: str) -> Iterator[CostItem]:
        """The batch job of a contestant, if it is asked in one. Without a price for batch jobs, the price of calls."""
        if contestant.name not in self._inputs.batched:
            return
        settings = self._plan.settings_of(contestant)
        usage = AnswerUsage.in_batch(settings, self._inputs.asked_of(contestant, settings))
        reading, writing = (
            self._prices.find(in_batch, model) or self._prices.find(item, model)
            for in_batch, item in zip(_BATCH_READING_AND_WRITING, _READING_AND_WRITING, strict=True)
        )
        items = (CostItemId.BATCH_INPUT, CostItemId.BATCH_OUTPUT)
        yield from _of_contestant(contestant, _priced_answers(items, usage, reading, writing), " in batch")

    def _throughput(self) -> Iterator[CostItem]:
        """The evaluation uses hourly throughput: a commitment is bought only after the gate accepted the model."""
        units, unit = self._settings.model_units, "model units x hours"
        hourly = self._prices.find("throughput", self._model, "hourly")
        hours = throughput_hours(self._tuned_answers_count, self._settings.evaluation.stop_early)
        most = units * (math.ceil(self._longest_throughput_hours) + _HOURS_OF_RELEASE)
        yield _item(CostItemId.THROUGHPUT, units * hours, unit, hourly, most)
        if self._settings.keep_hours:
            kept = self._settings.keep_hours
            yield _item(CostItemId.KEPT_THROUGHPUT, units * kept, unit, hourly, units * math.ceil(kept))
        if term := self._settings.commitment:
            item, months = _COMMITMENTS[term]
            price = self._prices.find("throughput", self._model, term)
            most = units * months * _MOST_HOURS_PER_MONTH
            yield _item(item, units * months * _HOURS_PER_MONTH, unit, price, most)

    @property
    def _tuned_answers_count(self) -> int:
        """How many answers are given while the endpoint of the tuned model is paid for."""
        contestants = sum(each.asks_tuned for each in self._plan.contestants)
        answers = self._inputs.questions.count * self._settings.evaluation.samples
        return answers * contestants + self._inputs.guard.count

    def _judge(self) -> Iterator[CostItem]:
        several = len(self._plan.judges) > 1
        for judge in self._plan.judges:
            for item in self._of_one_judge(judge):
                yield _of_model(item, judge) if several else item

    def _of_one_judge(self, judge: catalog.Judge) -> Iterator[CostItem]:
        reading, writing = (self._prices.find(item, judge.foundation_model) for item in _READING_AND_WRITING)
        if self._judge_is_tested:
            price = _price_of_a_test(reading, writing, judge.reasoning_tokens)
            yield _item(CostItemId.JUDGE_TEST, 1, "requests", price, MOST_PREFLIGHTS)
        batched = judge.id in self._inputs.batched_judges
        if batched:
            yield from self._judge_in_batch(judge)
        usage = JudgeUsage.of(self._plan, self._inputs, judge, batched)
        if usage.requests:
            yield _item(CostItemId.JUDGE_INPUT, usage.input_tokens, "tokens", reading, usage.most_input_tokens)
            yield _item(CostItemId.JUDGE_OUTPUT, usage.output_tokens, "tokens", writing, usage.most_output_tokens)

    def _judge_in_batch(self, judge: catalog.Judge) -> Iterator[CostItem]:
        usage = JudgeUsage.in_batch(self._plan, self._inputs, judge)
        reading, writing = (self._prices.find(item, judge.foundation_model) for item in _BATCH_READING_AND_WRITING)
        yield _item(CostItemId.JUDGE_BATCH_INPUT, usage.input_tokens, "tokens", reading, usage.most_input_tokens)
        yield _item(CostItemId.JUDGE_BATCH_OUTPUT, usage.output_tokens, "tokens", writing, usage.most_output_tokens)

    @property
    def _judge_is_tested(self) -> bool:
        """Whether the preflight tests the judge. It does not know yet which task will be recognised in the data."""
        settings, inputs = self._settings, self._inputs
        unsure = settings.task == "auto" or inputs.generation is not None
        return unsure or uses_judge(settings.used_metrics(inputs.task))

    def _scorer(self) -> Iterator[CostItem]:
        name = self._settings.scorer.name
        if not name:
            return
        price = self._prices.find("scorer_call", name)
        usage = ScorerUsage.of(self._plan, self._inputs.questions.count, self._inputs.shards(self._settings))
        yield _item(CostItemId.SCORER_TEST, 1, "calls", price, MOST_SCORER_TESTS)
        yield _item(CostItemId.SCORER_CALLS, usage.calls, "calls", price, usage.most_calls)


def _priced_answers(
    items: tuple[CostItemId, CostItemId], used: AnswerUsage, reading: Price | None, writing: Price | None
) -> Iterator[CostItem]:
    read, written = items
    yield _item(read, used.input_tokens, "tokens", reading, used.most_input_tokens)
    yield _item(written, used.output_tokens, "tokens", writing, used.most_output_tokens)


def _of_contestant(contestant: Contestant, items: Iterable[CostItem], how: str = "") -> Iterator[CostItem]:
    """The items for the questions and the answers of a contestant."""
    title = contestant.title[0].upper() + contestant.title[1:]
    for item, what in zip(items, ("questions", "answers"), strict=True):
        yield item.model_copy(update={"contestant": contestant.name, "name": f"{title}{how}, {what}"})


def _item(item: CostItemId, quantity: float, unit: str, price: Price | None, at_most: float | None = None) -> CostItem:
    """`at_most`: the largest possible quantity; None when the expected one is the largest."""
    most = max(quantity, at_most or 0)
    return CostItem(
        id=item,
        name=LABELS[item],
        quantity=quantity,
        unit=unit,
        unit_price_usd=price.usd if price else None,
        usd=quantity * price.usd if price else None,
        at_most=most,
        at_most_usd=most * price.usd if price else None,
        source=_source(price),
    )


def _price_of_a_test(reading: Price | None, writing: Price | None, reasoning_tokens: int = 0) -> Price | None:
    """The price of the largest test request of the preflight. None when one of its parts has no price."""
    if reading is None or writing is None:
        return None
    written = TEST_REPLY_TOKENS + reasoning_tokens
    return reading.model_copy(update={"usd": MOST_TEST_TOKENS * reading.usd + written * writing.usd})


def _of_model(item: CostItem, model: catalog.Judge | catalog.Model) -> CostItem:
    """The item of one of several judges or base models."""
    return item.model_copy(update={"model": model.id, "name": f"{item.name} ({model.name})"})


def _source(price: Price | None) -> str:
    return price.citation() if price else "unknown"
