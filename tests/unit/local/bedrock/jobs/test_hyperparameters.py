"""Hyperparameters of a model family, translated for the local network."""

from __future__ import annotations

import pytest

from local.bedrock.jobs.hyperparameters import check, schedule
from tests.unit.local.bedrock.conftest import HAIKU, NOVA
from tuner import catalog


def planned(model_id, network="smollm2", **given):
    model = catalog.model(model_id)
    return schedule(model, check(model, given), network)


def test_a_familys_default_rate_becomes_the_networks_and_ratios_are_kept():
    assert planned(HAIKU).learning_rate == pytest.approx(1e-3)
    assert planned(HAIKU, learningRateMultiplier="0.5").learning_rate == pytest.approx(5e-4)
    assert planned(NOVA).learning_rate == pytest.approx(1e-3)
    assert planned(NOVA, learningRate="1e-4").learning_rate == pytest.approx(1e-2)
    assert planned(NOVA, "tiny").learning_rate == pytest.approx(1e-2)


def test_only_families_with_early_stopping_stop_early():
    stopping = planned(HAIKU, earlyStoppingThreshold="0.02", earlyStoppingPatience="3").early_stopping
    assert (stopping.threshold, stopping.patience) == (0.02, 3)
    assert planned(NOVA).early_stopping is None


def test_epochs_batches_and_warm_up_are_taken_as_given():
    claude = planned(HAIKU, epochCount="7", batchSize="4")
    assert (claude.epochs, claude.batch_size, claude.warmup_steps) == (7, 4, 0)
    nova = planned(NOVA, learningRateWarmupSteps="3")
    assert (nova.epochs, nova.batch_size, nova.warmup_steps) == (2, 8, 3)


@pytest.mark.parametrize("model", catalog.models(), ids=lambda model: model.id)
def test_every_familys_defaults_are_valid_and_become_a_schedule(model):
    assert check(model, check(model, {})) == check(model, {})
    assert schedule(model, check(model, {}), "smollm2").learning_rate == pytest.approx(1e-3)
