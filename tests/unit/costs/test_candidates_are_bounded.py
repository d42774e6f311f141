"""No run with candidates costs more than its worst case, whichever candidate is chosen.

Whatever is chosen, such a run pays for the training and the storage of every candidate. All else costs what it would
cost in a run with the chosen base model alone.
"""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.doubles import manifest
from tuner import catalog
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.manifest import Manifest
from tuner.costs.cost_inputs import CostInputs, Plan, QuestionTokens
from tuner.costs.estimate import estimate
from tuner.costs.prices.price_list import price
from tuner.settings.run.candidates import MOST_CANDIDATES

MODELS = ["amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k", "amazon.nova-pro-v1:0:300k"]
# A token for each byte of the training data.
TRAINED = 30_000
INPUTS = CostInputs(
    9_000,
    QuestionTokens(8, 80, 400, 800, 4000),
    TRAINED,
    most_training_tokens=TRAINED,
    guard=QuestionTokens(5, 50, 0, 400, 0),
)
SETTINGS = st.fixed_dictionaries(
    {
        "serving": st.sampled_from(["provisioned", "on_demand", "none"]),
        "compare_with": st.lists(
            st.sampled_from(["us.meta.llama3-3-70b-instruct-v1:0", "few_shot", "best"]), max_size=3, unique=True
        ),
        "inference": st.fixed_dictionaries({"max_tokens": st.integers(1, 400), "temperature": st.just(0.5)}),
        "judge": st.fixed_dictionaries(
            {
                "models": st.lists(
                    st.sampled_from(["us.anthropic.claude-sonnet-4-6", "us.amazon.nova-pro-v1:0"]),
                    min_size=1,
                    unique=True,
                ),
                "attempts": st.integers(1, 10),
            }
        ),
        "evaluation": st.fixed_dictionaries(
            {
                "metrics": st.sampled_from([["correctness"], ["correctness", "preference"], ["rouge"]]),
                "samples": st.integers(1, 3),
                "stop_early": st.booleans(),
            }
        ),
        "scorer": st.sampled_from([{}, {"name": "own"}]),
    }
)
GRIDS = st.tuples(
    st.lists(st.sampled_from(MODELS), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True),
).filter(lambda grid: 2 <= len(grid[0]) * len(grid[1]) <= MOST_CANDIDATES)


def estimated(run: Manifest) -> Estimate:
    return estimate(Plan.of(run), INPUTS, SpendingLimits(budget_usd=500, longest_throughput_hours=2))


def usd(item: Any, model: str) -> float:
    found = price(item, catalog.model(model).invoke_id)
    return found.usd if found else 0


@pytest.mark.slow
@given(grid=GRIDS, chosen=SETTINGS)
@example((MODELS, [1]), {"serving": "provisioned"})
@example((MODELS[::-1], [5]), {"serving": "on_demand"})
def test_no_choice_costs_more_than_the_worst_case(grid: tuple[list[str], list[int]], chosen: dict[str, Any]) -> None:
    models, epochs = grid
    entry = {"base_model": models, "hyperparameters": {"epochCount": epochs}}
    run = manifest(models[0], candidates=[entry], **chosen)
    assert len(run.customizations) == len(models) * len(epochs)
    trainings = sum(
        TRAINED * int(each.hyperparameters["epochCount"]) * usd("training", each.base_model)
        + usd("storage", each.base_model)
        for each in run.customizations
    )
    most = estimated(run).at_most_usd
    assert trainings > 0
    assert most is not None
    for model in models:
        alone = estimated(manifest(model, **chosen))
        counted = (CostItemId.TRAINING, CostItemId.CUSTOM_MODEL_STORAGE)
        others = sum(item.at_most_usd or 0 for item in alone.items if item.id not in counted)
        assert trainings + others <= most + 1e-5
