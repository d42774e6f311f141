"""A part of `make chaos`: a run for each of the five releases, some faults and pairs, and each release off once."""

import pytest

from tests.chaos.campaign import Campaign, Extent
from tests.chaos.observations import RELEASES
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.worker_pool import WorkerPool

pytestmark = pytest.mark.e2e
_FAULTS, _PAIRS, _SEED = 4, 3, 2026
_RELEASED_BY = {
    "provisioned throughput": 1,
    "Bedrock fails the deployment": 2,
    "stopped while it answers": 3,
    "the throughput never comes": 4,
    "stopped while it buys": 5,
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    situations = [situation for situation in SCENARIOS if situation.name in _RELEASED_BY]
    with WorkerPool(2) as lanes:
        campaign = Campaign(lanes, tmp_path_factory.mktemp("chaos"), print)
        return campaign.run(Extent(_FAULTS, _PAIRS, without_each=1, seed=_SEED), situations)


def test_nothing_leaks_and_every_check_holds(outcome):
    assert len(outcome.whole) == len(_RELEASED_BY) + _FAULTS + _PAIRS
    assert [result.findings for result in outcome.whole if result.findings] == []


def test_each_of_the_five_releases_when_it_is_its_turn(outcome):
    plain = {result.name: result.released_by for result in outcome.whole if not result.fault}
    assert plain == {name: (number,) for name, number in _RELEASED_BY.items()}


def test_without_any_of_them_something_lives_on(outcome):
    assert {result.off for result in outcome.without} == set(RELEASES)
    assert outcome.wrong() == []
