"""The delay before a state machine retries a state.

MiniStack ignores `JitterStrategy` and `MaxDelaySeconds`, and limits every delay to 60 seconds. On AWS the delay grows
from `IntervalSeconds` by the factor `BackoffRate`, up to `MaxDelaySeconds`. With `"JitterStrategy": "FULL"` it is a
random time between 0 and that value (Step Functions Developer Guide, "Handling errors in Step Functions workflows").
SFN_WAIT_SCALE scales the delays.

A function becomes ready after LOCAL_PENDING seconds here, and after a minute on AWS (function_states.py). The delays of
retries for such functions are scaled by that ratio instead: with a small SFN_WAIT_SCALE, they would end before
the function is ready.
"""

import random
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

from local.patches.lambda_functions.function_states import INITIALIZING, PENDING
from local.patches.settings import patch_settings

_NOT_READY = {f"Lambda.{refusal.code}" for refusal in (INITIALIZING, PENDING)}
_READY_ON_AWS_SECONDS = 60
# MiniStack selects a retrier and sleeps in separate functions.
_delay: ContextVar[float | None] = ContextVar("delay of the next retry, scaled", default=None)


def install() -> None:
    """Computes the delay when MiniStack selects a retrier, and uses it for the sleep that follows."""
    find, sleep = stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep

    def find_and_compute(retriers: Any, error: str, counts: Any) -> Any:
        retrier, index = find(retriers, error, counts)
        fraction = random.random()  # noqa: S311 - no secret
        not_ready = error in _NOT_READY
        scale = patch_settings().pending / _READY_ON_AWS_SECONDS if not_ready else stepfunctions._SFN_WAIT_SCALE
        _delay.set(delay_seconds(retrier, counts.get(index, 0), fraction) * scale if retrier else None)
        return retrier, index

    def sleep_for_delay(seconds: float) -> None:
        delay = _delay.get()
        _delay.set(None)
        if delay is None:
            sleep(seconds)
        else:
            time.sleep(delay)  # in place of MiniStack's own sleep, in the thread of the execution that waits

    stepfunctions._find_matching_retrier = find_and_compute
    stepfunctions._scaled_sleep = sleep_for_delay


def delay_seconds(retrier: Mapping[str, Any], retries: int, fraction: float) -> float:
    """The delay after a number of retries. With full jitter it is multiplied by `fraction`, between 0 and 1."""
    max_delay = float(retrier.get("MaxDelaySeconds", 31_622_400))
    # The exponent is limited, because the power overflows for retriers with very many attempts.
    growth = min(float(retrier.get("BackoffRate", 2.0)) ** min(retries, 500), max_delay)
    delay = min(float(retrier.get("IntervalSeconds", 1)) * growth, max_delay)
    return delay * fraction if retrier.get("JitterStrategy") == "FULL" else delay
