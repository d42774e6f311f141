"""A part of `make chaos`: a run for each of the five releases, and one fault."""

import pytest

from tests.chaos.campaign import Campaign, CampaignSize
from tests.chaos.observations import RELEASES
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.workers.worker_pool import WorkerPool

pytestmark = pytest.mark.e2e
_FAULTS, _PAIRS, _SEED = 1, 0, 2026
_RELEASED_BY = {
    "provisioned throughput": 1,
    "Bedrock fails the deployment": 2,
    "stopped while it answers": 3,
    "the throughput never comes": 4,
    "stopped while it buys": 5,
}
_SCENARIOS = [scenario for scenario in SCENARIOS if scenario.name in _RELEASED_BY]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    # One cloud: the other tests use the second core.
    with WorkerPool(1) as pool:
        campaign = Campaign(pool, tmp_path_factory.mktemp("chaos"), print)
        return campaign.run(CampaignSize(_FAULTS, _PAIRS, 0, without_each=0, seed=_SEED), _SCENARIOS)


def test_nothing_leaks_and_every_check_passes(outcome):
    assert len(outcome.complete) == len(_RELEASED_BY) + _FAULTS + _PAIRS
    assert [result.findings for result in outcome.complete if result.findings] == []


def test_each_of_the_five_releases_deletes_an_endpoint(outcome):
    plain = {result.name: result.released_by for result in outcome.complete if not result.fault}
    assert plain == {name: (number,) for name, number in _RELEASED_BY.items()}


@pytest.mark.thorough  # `make chaos` checks this too
def test_without_any_release_an_endpoint_lives_longer(tmp_path):
    with WorkerPool(1) as pool:
        found = Campaign(pool, tmp_path, print).run(CampaignSize(0, 0, 0, without_each=1, seed=_SEED), _SCENARIOS)
    assert {result.disabled_release for result in found.without} == set(RELEASES)
    assert found.failures() == []
