"""A part of `make chaos`: every kind of run, some faults, and each of the five releases switched off once."""

import pytest

from tests.chaos.campaign import Campaign
from tests.chaos.lanes import Lanes
from tests.chaos.seen import RELEASES
from tests.chaos.situations import SITUATIONS

pytestmark = pytest.mark.e2e
_FAULTS, _SEED = 6, 2026


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    with Lanes(2) as lanes:
        campaign = Campaign(lanes, tmp_path_factory.mktemp("chaos"), print)
        return campaign.run(_FAULTS, _SEED, without_each=1)


def test_nothing_leaks_and_every_check_holds(outcome):
    assert len(outcome.whole) == len(SITUATIONS) + _FAULTS
    assert [result.findings for result in outcome.whole if result.findings] == []


def test_each_of_the_five_is_what_some_run_survived_by(outcome):
    assert {number for result in outcome.whole for number in result.released_by} >= set(RELEASES)


def test_without_any_of_them_something_lives_on(outcome):
    assert {result.off for result in outcome.without} == set(RELEASES)
    assert outcome.wrong() == []
