"""The delays between the retries of a state machine."""

import random
from types import SimpleNamespace

import pytest
from ministack.services import stepfunctions

from local.patches.settings import PatchSettings
from local.patches.step_functions import retry_delays

RETRIER = {"ErrorEquals": ["E"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 99}


class TestRetryDelays:
    @pytest.mark.parametrize(
        ("more", "retries", "delay"),
        [
            ({}, 0, 2),
            ({}, 4, 162),
            ({"MaxDelaySeconds": 100}, 4, 100),
            ({"MaxDelaySeconds": 100, "JitterStrategy": "FULL"}, 4, 25),
            ({"JitterStrategy": "NONE"}, 1, 6),
            ({"MaxDelaySeconds": 100}, 10**6, 100),
        ],
    )
    def test_a_delay_grows_to_its_maximum_and_full_jitter_shortens_it(self, more, retries, delay):
        assert retry_delays.delay_seconds({**RETRIER, **more}, retries, 0.25) == delay

    @pytest.fixture
    def paused(self, monkeypatch):
        """Installs the patch with the given settings. Returns the delays; random values and SFN_WAIT_SCALE are 0.5."""

        def install(settings):
            slept: list[float] = []
            monkeypatch.setattr(stepfunctions, "_SFN_WAIT_SCALE", 0.5)
            monkeypatch.setattr(stepfunctions, "_scaled_sleep", slept.append)
            monkeypatch.setattr(retry_delays, "time", SimpleNamespace(sleep=slept.append))
            monkeypatch.setattr(stepfunctions, "_find_matching_retrier", stepfunctions._find_matching_retrier)
            monkeypatch.setattr(random, "random", lambda: 0.5)
            monkeypatch.setattr(retry_delays, "patch_settings", lambda: settings)
            retry_delays.install()
            return slept

        return install

    def test_a_retry_sleeps_for_the_delay_and_a_wait_state_as_before(self, paused):
        slept = paused(PatchSettings())
        retriers = [{**RETRIER, "ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}]
        assert stepfunctions._find_matching_retrier(retriers, "E", {0: 4})[1] == 0
        stepfunctions._scaled_sleep(60)
        stepfunctions._scaled_sleep(7)  # a Wait state
        assert slept == [40.5, 7]

    def test_the_delay_for_a_function_that_is_not_ready_is_scaled_by_the_time_until_it_is(self, paused):
        slept = paused(PatchSettings(pending=0.6))
        stepfunctions._find_matching_retrier(
            [{**RETRIER, "ErrorEquals": ["States.ALL"]}], "Lambda.ResourceConflictException", {0: 1}
        )
        stepfunctions._scaled_sleep(6)
        assert slept == [pytest.approx(0.06)]
