"""What the run used, at the prices of its estimate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuner.artifacts.report import Answer, Bill, CostItem, Estimate, Question, Serving, Training
from tuner.costs.overhead import NAMES as SMALL_CHANGE

_HOUR = 3600
# What nobody counts is carried over from the estimate, and said to be.
_NOT_COUNTED = {*SMALL_CHANGE}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run did, as far as it costs. `judge` is what scores.json says of the judge, `bought` a term's record."""

    training: Training | None = None
    serving: Serving | None = None
    questions: tuple[Question, ...] = ()
    judge: Mapping[str, Any] = field(default_factory=dict)
    bought: Serving | None = None


def bill(estimate: Estimate | None, usage: Usage) -> Bill | None:
    """The estimate's items with the quantities that were really used; None when nothing was used, or estimated.

    Items keep the names that the estimate gives them; what nobody counted is as it was estimated.
    """
    asked = [question for question in usage.questions if question.base or question.tuned]
    if estimate is None or not (usage.training or usage.serving or asked):
        return None
    planned = {item.name: item.quantity for item in estimate.items}
    used = _used(planned, usage, asked)
    items = tuple(_priced(item, used) for item in estimate.items)
    known = [item.usd for item in items if item.usd is not None]
    unknown = tuple(item.name for item in items if item.usd is None)
    return Bill(items=items, total_usd=round(sum(known), 6), unknown=unknown)


def _used(planned: Mapping[str, float | None], usage: Usage, asked: list[Question]) -> dict[str, float | None]:
    base = [question.base for question in asked]
    tuned = [question.tuned for question in asked]
    adopted = usage.training is not None and usage.training.adopted_from is not None
    # An adopted model was trained, and is stored, on the account of another run.
    stored = usage.training is not None and usage.training.custom_model_arn is not None and not adopted
    kept = usage.serving is not None and usage.serving.kept_until is not None
    return {
        # Made before the estimate, which has the real numbers.
        **{name: quantity for name, quantity in planned.items() if name.startswith("Generation")},
        "Training": _trained(planned.get("Training"), usage.training),
        "Custom model storage": planned.get("Custom model storage") if stored else 0,
        "Base model, questions": _tokens(base, "input_tokens"),
        "Base model, answers": _tokens(base, "output_tokens"),
        "Tuned model, questions": _tokens(tuned, "input_tokens"),
        "Tuned model, answers": _tokens(tuned, "output_tokens"),
        "Provisioned throughput": _hours(planned.get("Provisioned throughput"), usage.serving),
        "Throughput kept afterwards": planned.get("Throughput kept afterwards") if kept else 0,
        **{
            name: quantity if usage.bought else 0 for name, quantity in planned.items() if name.startswith("Commitment")
        },
        "Judge, reading": _judged(usage.judge, "input_tokens"),
        "Judge, verdicts": _judged(usage.judge, "output_tokens"),
    }


def _trained(planned: float | None, training: Training | None) -> float | None:
    """The estimate counts all epochs asked for; early stopping runs fewer. Of a failed job nothing is known."""
    if training is not None and training.adopted_from:
        return 0
    if training is None or planned is None or not training.epochs_asked or training.epochs_run is None:
        return None
    return planned * training.epochs_run / training.epochs_asked


def _hours(planned: float | None, serving: Serving | None) -> float | None:
    """Model units times hours, what is begun of an hour counted whole as the estimate does; a term is paid in full."""
    if serving is None:
        return 0
    if serving.commitment:
        return planned
    if serving.paid_seconds is None:
        return None
    return (serving.model_units or 1) * math.ceil(serving.paid_seconds / _HOUR)


def _tokens(answers: Iterable[Answer | None], which: str) -> float:
    return sum(getattr(answer, which) or 0 for answer in answers if answer)


def _judged(judge: Mapping[str, Any], which: str) -> float | None:
    """None when a judge graded and its tokens were not counted, as in runs of earlier versions."""
    return judge.get(which) if judge else 0


def _priced(item: CostItem, used: Mapping[str, float | None]) -> CostItem:
    counted = item.name not in _NOT_COUNTED
    quantity = used.get(item.name) if counted else item.quantity
    price = item.unit_price_usd
    usd = quantity * price if quantity is not None and price is not None else None
    # Nothing of it was used: that costs nothing, whatever its price may be.
    usd = 0.0 if quantity == 0 else usd
    return item.model_copy(update={"quantity": quantity, "usd": usd, "counted": counted})
