"""Tests that the longest run that the settings allow fits into an execution's time limit and history."""

from __future__ import annotations

import json
import math

import pytest
from annotated_types import Le

from statemachine import bounds
from statemachine.definition import definition
from tuner.datasets.records.file_rules import MAX_QUESTIONS
from tuner.serving.endpoint_polling import next_delay
from tuner.serving.inference import MAX_SHARDS, MAX_WORKERS, shard_size, workers
from tuner.settings import DeploymentSettings, Polling
from tuner.settings.run.contestants import MOST_COMPARED
from tuner.settings.run.evaluation import EvaluationSettings

# The input or result of a state: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PAYLOAD_BYTES = 256 * 1024
DEFAULTS = DeploymentSettings()
LARGEST = DeploymentSettings(**bounds.LARGEST_SETTINGS)
POLLINGS = [
    Polling(shortest=1, longest=1, growth=1e-9),
    Polling(shortest=1, longest=2),
    Polling(shortest=1, longest=3600),
    DEFAULTS.serving_polling,
    DEFAULTS.training_polling,
]
(MOST_SAMPLES,) = (rule.le for rule in EvaluationSettings.model_fields["samples"].metadata if isinstance(rule, Le))
EXPECTED = [None, *range(1, 100), *range(100, 9000, 50), 14_400, 86_400, 172_800]


def turns(choice: str) -> int:
    found = bounds.turns(definition()["States"][choice])
    assert found
    return found


def test_the_settings_tried_here_are_the_largest() -> None:
    """As Pydantic has them."""
    for name in bounds.LARGEST_SETTINGS:
        with pytest.raises(ValueError, match=name):
            DeploymentSettings(**{name: getattr(LARGEST, name) + 0.1})


@pytest.mark.parametrize("settings", [DEFAULTS, LARGEST])
def test_an_execution_may_take_as_long_as_all_that_it_may_wait_for(settings: DeploymentSettings) -> None:
    place_hours = sum(min(300 * 1.1**attempt, 1200) for attempt in range(144)) / 3600
    named = settings.approval_hours + place_hours + settings.longest_training_hours + settings.longest_throughput_hours
    limit = definition(settings)["TimeoutSeconds"]
    assert isinstance(limit, int)
    assert named * 3600 < limit < bounds.MAX_SECONDS


def test_every_wait_that_is_set_longer_makes_the_limit_longer() -> None:
    """An approval can be asked for twice: before the generation, and again if the worst case has grown."""
    usual = definition(DEFAULTS)["TimeoutSeconds"]
    for name in bounds.LARGEST_SETTINGS:
        longer = DEFAULTS.model_copy(update={name: getattr(DEFAULTS, name) + 10})
        times = 2 if name == "approval_hours" else 1
        assert definition(longer)["TimeoutSeconds"] == usual + times * 36_000, name


def test_the_longest_run_fits_into_an_executions_history() -> None:
    assert 10_000 < bounds.max_events(definition()) < bounds.MAX_EVENTS == 24_000


def test_every_loop_is_found_with_its_turns() -> None:
    assert {choice: (len(loop), turns(choice)) for choice, loop in bounds.loops(definition()).items()} == {
        "Are there enough pairs?": (3, 60),
        "Are the batch jobs over?": (3, 30),
        "Are the judge's batch jobs over?": (3, 30),
        "Is the training over?": (4, 340),
        "Is the throughput in service?": (3, 740),
        "Do the answers decide?": (3, 25),
    }


def test_events_are_counted_along_the_heaviest_way() -> None:
    """A loop of three turns, a Map of 100 workers, one retried twice in each of four: counted by hand."""
    built = {
        "StartAt": "Look",
        "States": {
            "Look": {"Type": "Task", "TimeoutSeconds": 1, "Next": "Enough?"},
            "Enough?": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $turns >= 3 %}", "Next": "Side"}, {"Condition": "x", "Next": "Each"}],
                "Default": "Look",
            },
            "Side": {"Type": "Succeed"},
            "Each": {
                "Type": "Map",
                "Items": "{% $served %}",
                "MaxConcurrency": 4,
                "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Task", "TimeoutSeconds": 1}}},
                "Next": "End",
            },
            "End": {"Type": "Succeed"},
        },
    }
    attempts = 30 + 10 + 8 + 6 + 2
    around, looks, mapped = 2, 3 * (5 + 2) + 3 * attempts, 4 + 100 * (2 + 5) + 4 * 3 * attempts
    assert bounds.max_events(built) == around + looks + mapped + 2


@pytest.mark.parametrize("polling", POLLINGS)
def test_no_settings_poll_a_training_more_often_than_its_loop_allows(polling: Polling) -> None:
    waited, looks = 0.0, 0
    while waited < LARGEST.longest_training_hours * 3600:
        waited, looks = waited + polling.wait(waited), looks + 1
    assert looks <= turns("Is the training over?")


@pytest.mark.slow
@pytest.mark.parametrize("polling", POLLINGS)
@pytest.mark.thorough
def test_no_settings_poll_an_endpoint_more_often_than_its_loop_allows(polling: Polling) -> None:
    for expected in EXPECTED:
        waited, looks = 0.0, 0
        while waited < LARGEST.longest_throughput_hours * 3600:
            waited, looks = waited + next_delay(polling, waited, expected), looks + 1
        assert looks <= turns("Is the throughput in service?"), expected


@pytest.mark.parametrize("questions", [1, 25, 4999, 5000, 5001, 12_345, MAX_QUESTIONS])
@pytest.mark.parametrize("configured", [1, 25, 126, 250, 251, 500])
@pytest.mark.parametrize("samples", [1, 3, MOST_SAMPLES])
def test_no_dataset_has_more_items_than_its_maps_are_counted_with(
    questions: int, configured: int, samples: int
) -> None:
    """However many answers a question has, and however many contestants are asked before or after the training."""
    size = shard_size(questions, configured, samples)
    shards = math.ceil(questions / size)
    assert size >= configured // samples
    assert shards <= MAX_SHARDS
    for contestants in (1, 2, 7, MOST_COMPARED + 1):
        lanes = workers(shards, size * samples, contestants)
        assert sorted(shard for lane in lanes for shard in lane) == list(range(shards))
        assert contestants * len(lanes) <= MAX_WORKERS
        work = [{"model": "n" * 32, "shards": lane} for _ in range(contestants) for lane in lanes]
        # The result of a state has the work before the training, that after it, and the first batch of shards.
        result = {"shards": list(range(shards)), "lanes": lanes, "before": work, "after": work, "batch": lanes[0]}
        assert len(json.dumps(result)) < MAX_PAYLOAD_BYTES / 5


def test_more_questions_than_a_run_takes_would_fit_too() -> None:
    """Asked for are 100,000 questions. Memory limits a run to fewer (docs/evaluation.md), its history does not."""
    size = shard_size(100_000, 25)
    assert math.ceil(100_000 / size) <= MAX_SHARDS
    assert len(workers(MAX_SHARDS, size, MOST_COMPARED + 1)) * (MOST_COMPARED + 1) <= MAX_WORKERS
