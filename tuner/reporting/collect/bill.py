"""Calculates what a run really used, at the prices of its estimate."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tuner.artifacts.costs.cost_items import BATCH, COMMITMENTS, GENERATION, JUDGE_BATCH, NOT_MEASURED, CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, item_key
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.metric_details import JudgeDetails
from tuner.artifacts.guard import GuardAnswer, GuardResult
from tuner.artifacts.report import Answer, Bill, Question, ServingEndpoint
from tuner.artifacts.report.evaluation import ScoredAnswer
from tuner.artifacts.serving import EndpointDetails
from tuner.artifacts.training import CandidateResult, TrainingSummary
from tuner.core.times import begun_hours


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run did that costs money. `judge` is the judge's part of scores.json, `bought` the commitment's record.

    `started_training`: the run recorded a customization job. Without a summary, nobody knows how much it trained.
    `has_scores`: the run scored its answers. Before, nobody knows how often it called a scorer of its own.
    """

    training: TrainingSummary | None = None
    serving: ServingEndpoint | None = None
    questions: tuple[Question, ...] = ()
    judge: JudgeDetails | None = None
    bought: EndpointDetails | None = None
    guard: tuple[GuardResult, ...] = ()
    started_training: bool = True
    has_scores: bool = True


def bill(estimate: Estimate | None, usage: Usage) -> Bill | None:
    """The estimate's items with the quantities that the run used. None without an estimate.

    Items that no step measures keep the estimated quantities. A run that failed early has a bill too, because the
    ledger of the month counts what it may have spent.
    """
    asked = [question for question in usage.questions if question.base or question.tuned]
    if estimate is None:
        return None
    planned = {item.key: item.quantity for item in estimate.items}
    used = _used(planned, usage, asked) | _of_training(estimate.items, usage)
    as_planned = NOT_MEASURED if usage.has_scores else NOT_MEASURED - {CostItemId.SCORER_CALLS}
    items = tuple(_priced(item, used | _compared(item, asked), as_planned) for item in estimate.items)
    known = [item.usd for item in items if item.usd is not None]
    unknown = [item for item in items if item.usd is None]
    return Bill(
        items=items,
        total_usd=round(sum(known), 6),
        unknown=tuple(item.name for item in unknown),
        not_measured=tuple(item.name for item in unknown if item.unit_price_usd is not None),
    )


def _used(planned: Mapping[str, float | None], usage: Usage, asked: list[Question]) -> dict[str, float | None]:
    """The quantity that was used, by item. None if it is not known; an absent item keeps its planned quantity."""
    base = [question.base for question in asked] + [each.by_contestant.get(BASE) for each in usage.guard]
    tuned = [question.tuned for question in asked] + [each.by_contestant.get(TUNED) for each in usage.guard]
    kept = usage.serving is not None and usage.serving.kept_until is not None
    return {
        # Validation data is generated before the estimate, which has the actual tokens.
        **{item: quantity for item, quantity in planned.items() if item in GENERATION},
        CostItemId.BASE_MODEL_INPUT: _tokens(base, "input_tokens"),
        CostItemId.BASE_MODEL_OUTPUT: _tokens(base, "output_tokens"),
        CostItemId.TUNED_MODEL_INPUT: _tokens(tuned, "input_tokens"),
        CostItemId.TUNED_MODEL_OUTPUT: _tokens(tuned, "output_tokens"),
        CostItemId.THROUGHPUT: _unit_hours(planned.get(CostItemId.THROUGHPUT), usage.serving),
        CostItemId.KEPT_THROUGHPUT: planned.get(CostItemId.KEPT_THROUGHPUT) if kept else 0,
        **{item: quantity if usage.bought else 0 for item, quantity in planned.items() if item in COMMITMENTS},
        CostItemId.SCORER_CALLS: 0,
        **_judge_tokens(usage.judge),
    }


def _of_training(items: Iterable[CostItem], usage: Usage) -> dict[str, float | None]:
    """The use of training and storage, by the keys of the items: one of each for each base model."""
    found: dict[str, float | None] = {}
    training = usage.training
    if training is None and not usage.started_training:
        return {item.key: 0 for item in items if item.id in (CostItemId.TRAINING, CostItemId.CUSTOM_MODEL_STORAGE)}
    for item in items:
        candidates = [each for each in training.candidates if item.model in (None, each.base_model)] if training else []
        if item.id == CostItemId.TRAINING:
            found[item.key] = _trained(item.quantity, training, candidates)
        elif item.id == CostItemId.CUSTOM_MODEL_STORAGE:
            found[item.key] = _models(candidates or ([training] if training else []))
    return found


def _models(made: Iterable[CandidateResult | TrainingSummary]) -> int:
    """The models to store. Another run paid for the training and the storage of an adopted one."""
    return sum(each.custom_model_arn is not None and each.adopted_from is None for each in made)


def _trained(
    planned: float | None, training: TrainingSummary | None, candidates: Sequence[CandidateResult]
) -> float | None:
    """The estimate counts all epochs; early stopping runs fewer. The use of a failed job is unknown."""
    if candidates:
        used = [candidate_tokens(planned, candidates, each) for each in candidates]
        known = [tokens for tokens in used if tokens is not None]
        return sum(known) if len(known) == len(used) else None
    if training is not None and training.adopted_from:
        return 0
    if training is None or planned is None or not training.epochs_asked or training.epochs_run is None:
        return None
    return planned * training.epochs_run / training.epochs_asked


def candidate_tokens(
    planned: float | None, candidates: Iterable[CandidateResult], candidate: CandidateResult
) -> float | None:
    """The tokens that a candidate was trained with, of those `planned` for all `candidates`. None if not known."""
    asked = sum(each.epochs_asked for each in candidates)
    if candidate.epochs_paid == 0:
        return 0
    return None if planned is None or candidate.epochs_paid is None else planned * candidate.epochs_paid / asked


def _unit_hours(planned: float | None, serving: ServingEndpoint | None) -> float | None:
    """Model units times hours. Begun hours count whole, as in the estimate; a commitment is paid in full."""
    if serving is None:
        return 0
    if serving.commitment:
        return planned
    if serving.paid_seconds is None:
        return None
    return (serving.model_units or 1) * begun_hours(serving.paid_seconds)


def _tokens(answers: Iterable[Answer | GuardAnswer | None], which: str, in_batch: bool = False) -> float:
    """The tokens of the answers that calls gave or, with `in_batch`, that batch jobs gave."""
    given = [answer for answer in answers if answer]
    further = [each for answer in given if isinstance(answer, Answer) for each in answer.further]
    return sum(getattr(each, which) or 0 for each in (*given, *further) if _is_of_batch(each) is in_batch)


def _is_of_batch(answer: ScoredAnswer | GuardAnswer) -> bool:
    return isinstance(answer, ScoredAnswer) and answer.batch


def _judge_tokens(judge: JudgeDetails | None) -> dict[str, float | None]:
    """By the keys of the items. None when a judge was used and its tokens were not counted, as in early versions."""
    if judge is None:
        return dict.fromkeys((CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT, *JUDGE_BATCH), 0)
    several = bool(judge.each)
    return {
        item_key(item, each.model if several else None): tokens
        for each in judge.all
        for item, tokens in (
            (CostItemId.JUDGE_INPUT, _by_calls(each.input_tokens, each.batch_input_tokens)),
            (CostItemId.JUDGE_OUTPUT, _by_calls(each.output_tokens, each.batch_output_tokens)),
            (CostItemId.JUDGE_BATCH_INPUT, each.batch_input_tokens),
            (CostItemId.JUDGE_BATCH_OUTPUT, each.batch_output_tokens),
        )
    }


def _by_calls(tokens: int | None, in_batch: int) -> int | None:
    return None if tokens is None else tokens - in_batch


def _compared(item: CostItem, asked: list[Question]) -> dict[str, float | None]:
    """The tokens of the contestant that the item names, by the item's key; nothing for other items."""
    if item.contestant is None:
        return {}
    answers = [question.of(item.contestant) for question in asked]
    which = "input_tokens" if item.id in (CostItemId.COMPARED_INPUT, CostItemId.BATCH_INPUT) else "output_tokens"
    return {item.key: _tokens(answers, which, in_batch=item.id in BATCH)}


def _priced(item: CostItem, used: Mapping[str, float | None], as_planned: Collection[str]) -> CostItem:
    counted = item.id not in as_planned
    quantity = used.get(item.key) if counted else item.quantity
    price = item.unit_price_usd
    usd = quantity * price if quantity is not None and price is not None else None
    # An unused item costs nothing, also when its price is unknown.
    usd = 0.0 if quantity == 0 else usd
    return item.model_copy(
        update={"quantity": quantity, "usd": usd, "counted": counted, "at_most": None, "at_most_usd": None}
    )
