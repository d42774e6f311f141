"""What the run used, at the prices of its estimate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tuner.reporting.model import Answer, Bill, CostItem, Estimate, Question, Serving, Training

_HOUR = 3600


def bill(
    estimate: Estimate | None, training: Training | None, serving: Serving | None, questions: Iterable[Question]
) -> Bill | None:
    """The estimate's items with the quantities that were really used; None when nothing was used, or estimated.

    Items keep the names that the estimate gives them; what nobody counted (the judge's tokens) is unknown.
    """
    asked = [question for question in questions if question.base or question.tuned]
    if estimate is None or not (training or serving or asked):
        return None
    used = _used(estimate, training, serving, asked)
    items = tuple(_priced(item, used.get(item.name)) for item in estimate.items)
    known = [item.usd for item in items if item.usd is not None]
    unknown = tuple(item.name for item in items if item.usd is None)
    return Bill(items=items, total_usd=round(sum(known), 6), unknown=unknown)


def _used(
    estimate: Estimate, training: Training | None, serving: Serving | None, questions: list[Question]
) -> Mapping[str, float | None]:
    planned = {item.name: item.quantity for item in estimate.items}
    base = [question.base for question in questions]
    tuned = [question.tuned for question in questions]
    return {
        "Training": _trained(planned.get("Training"), training),
        "Custom model storage": planned.get("Custom model storage") if training and training.custom_model_arn else 0,
        "Base model, questions": _tokens(base, "input_tokens"),
        "Base model, answers": _tokens(base, "output_tokens"),
        "Tuned model, questions": _tokens(tuned, "input_tokens"),
        "Tuned model, answers": _tokens(tuned, "output_tokens"),
        "Provisioned throughput": _hours(planned.get("Provisioned throughput"), serving),
    }


def _trained(planned: float | None, training: Training | None) -> float | None:
    """The estimate counts all epochs asked for; early stopping runs fewer. Of a failed job nothing is known."""
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


def _priced(item: CostItem, quantity: float | None) -> CostItem:
    price = item.unit_price_usd
    usd = quantity * price if quantity is not None and price is not None else None
    return CostItem(
        name=item.name, quantity=quantity, unit=item.unit, unit_price_usd=price, usd=usd, source=item.source
    )
