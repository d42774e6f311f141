"""How long a state machine pauses before it tries a state again.

MiniStack ignores `JitterStrategy` and `MaxDelaySeconds`, and cuts every pause at 60 seconds. On AWS a pause grows from
`IntervalSeconds` by `BackoffRate` to `MaxDelaySeconds` at most; with `"JitterStrategy": "FULL"` it is drawn between 0
and that (Step Functions Developer Guide, "Handling errors in Step Functions workflows"). SFN_WAIT_SCALE scales it.

A function that is not ready takes LOCAL_PENDING seconds here, a minute on AWS (function_states.py): the pauses of who
waits for it are shorter by that ratio.
"""

import random
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

from local.patches.lambda_functions.function_states import INITIALIZING, PENDING
from local.patches.settings import patch_settings

_NOT_READY = {f"Lambda.{refusal.code}" for refusal in (INITIALIZING, PENDING)}
_READY_ON_AWS_SECONDS = 60
_pause: ContextVar[float | None] = ContextVar("pause before the retry that was just decided on", default=None)


def install() -> None:
    """Compute the pause where the retrier is chosen, and pause so long."""
    find, sleep = stepfunctions._find_matching_retrier, stepfunctions._scaled_sleep

    def find_and_compute(retriers: Any, error: str, counts: Any) -> Any:
        retrier, index = find(retriers, error, counts)
        drawn = random.random()  # noqa: S311 - no secret
        scale = patch_settings().pending / _READY_ON_AWS_SECONDS if error in _NOT_READY else 1
        _pause.set(pause_seconds(retrier, counts.get(index, 0), drawn) * scale if retrier else None)
        return retrier, index

    def sleep_so_long(seconds: float) -> None:
        pause = _pause.get()
        _pause.set(None)
        sleep(seconds if pause is None else pause)

    stepfunctions._find_matching_retrier = find_and_compute
    stepfunctions._scaled_sleep = sleep_so_long


def pause_seconds(retrier: Mapping[str, Any], retries: int, drawn: float) -> float:
    """The pause after so many retries; `drawn` is between 0 and 1."""
    longest = float(retrier.get("MaxDelaySeconds", 31_622_400))
    # Of a retrier with very many attempts the power would overflow.
    growth = min(float(retrier.get("BackoffRate", 2.0)) ** min(retries, 500), longest)
    pause = min(float(retrier.get("IntervalSeconds", 1)) * growth, longest)
    return pause * drawn if retrier.get("JitterStrategy") == "FULL" else pause
