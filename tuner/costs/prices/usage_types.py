"""Maps the prices that a run needs to the usage types of AWS's price list.

Sources: usage types in public programs and in bills of real accounts (USE1-NovaPro-Customization-Training,
USE1-Nova2.0Lite-input-tokens-custom-model, USW2-Llama3-1-70B-ProvisionedThroughput-NoCommit-ModelUnits,
USE1-Nova2.0Lite-ProvisionedThroughput-1month-ModelUnits; 2026). The usage type of a six-month commitment is inferred
from these. A usage type that AWS does not have is not an error: the packaged list's price is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tuner import catalog
from tuner.settings.deployment.prices import PricedItem, Term

REGIONS = {"us-east-1": "USE1", "us-west-2": "USW2"}
"""The prefixes of usage types, for the Regions where models can be customized."""

_TUNED: tuple[tuple[PricedItem, Term | None, str], ...] = (
    ("training", None, "Customization-Training"),
    ("storage", None, "Customization-Storage"),
    ("custom_input", None, "input-tokens-custom-model"),
    ("custom_output", None, "output-tokens-custom-model"),
    ("throughput", "hourly", "ProvisionedThroughput-NoCommit-ModelUnits"),
    ("throughput", "OneMonth", "ProvisionedThroughput-1month-ModelUnits"),
    ("throughput", "SixMonths", "ProvisionedThroughput-6month-ModelUnits"),
)
_BASE: tuple[tuple[PricedItem, Term | None, str], ...] = (
    ("input", None, "input-tokens"),
    ("output", None, "output-tokens"),
)
# USE1-NovaMicro-input-tokens-batch, USW2-Mistral-Large-3-675b-Instruct-input-tokens-batch: in public programs, 2026.
_BATCH: tuple[tuple[PricedItem, Term | None, str], ...] = (
    ("batch_input", None, "input-tokens-batch"),
    ("batch_output", None, "output-tokens-batch"),
)


@dataclass(frozen=True, slots=True)
class NeededPrice:
    """A price that a run needs, and its usage type. `model` is the model id for invoking."""

    item: PricedItem
    model: str
    term: Term | None
    usage_type: str


def needed_prices(
    base_models: Iterable[catalog.Model], others: Iterable[catalog.Judge], region: str, batch: bool = False
) -> tuple[NeededPrice, ...]:
    """The prices that a run in the Region needs: of base models, their custom models and the others it asks.

    `batch`: those of batch jobs too.
    """
    on_demand = (*_BASE, *_BATCH) if batch else _BASE
    # Models without a name in the price list have no usage types; the packaged list has their prices, if any.
    names = {model.invoke_id: model.price_name for model in catalog.models() if model.price_name}
    found = [need for model in base_models for need in _of(model.invoke_id, names, region, (*_TUNED, *on_demand))]
    for other in others:
        if other.routing != "global":  # global inference profiles have other prices
            found += _of(other.foundation_model, names, region, on_demand)
    return tuple(dict.fromkeys(found))


def _of(
    model: str, names: dict[str, str], region: str, rows: tuple[tuple[PricedItem, Term | None, str], ...]
) -> Iterator[NeededPrice]:
    if model in names and region in REGIONS:
        for item, term, ending in rows:
            yield NeededPrice(item, model, term, f"{REGIONS[region]}-{names[model]}-{ending}")
