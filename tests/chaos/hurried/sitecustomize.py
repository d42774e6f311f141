"""Python reads this first in every function of a lane: its pauses are scaled, and its SDK gives up waiting soon.

The functions' code stays as it is deployed. LANE_SLEEP_SCALE scales `time.sleep`, which is what the SDK's own retries
and the functions wait with; LANE_READ_SECONDS is how long a client waits for an answer. The SDK repeats a call once:
that mends a fault that comes once, and a lasting one is the state machine's all the sooner.
"""

import os
import time
from typing import Any

from botocore.config import Config
from botocore.session import Session

_SCALE = float(os.environ["LANE_SLEEP_SCALE"])
_READ_SECONDS = float(os.environ["LANE_READ_SECONDS"])
_MOST_ATTEMPTS = 2
_sleep, _create_client = time.sleep, Session.create_client


def _hurried_client(session: Session, *arguments: Any, config: Config | None = None, **rest: Any) -> Any:
    config = config or Config()
    retries = {**(config.retries or {})}
    retries["total_max_attempts"] = min(retries.get("total_max_attempts", _MOST_ATTEMPTS), _MOST_ATTEMPTS)
    soon = config.merge(Config(read_timeout=_READ_SECONDS, retries=retries))
    return _create_client(session, *arguments, config=soon, **rest)


time.sleep = lambda seconds: _sleep(seconds * _SCALE)
Session.create_client = _hurried_client
