"""Python reads this first in every function of a lane: its pauses are scaled, and its SDK gives up waiting soon.

The functions' code stays as it is deployed. LANE_SLEEP_SCALE scales `time.sleep`, which is what the SDK's own retries
and the functions wait with; LANE_READ_SECONDS is how long a client waits for an answer.
"""

import os
import time
from typing import Any

from botocore.config import Config
from botocore.session import Session

_SCALE = float(os.environ["LANE_SLEEP_SCALE"])
_SOON = Config(read_timeout=float(os.environ["LANE_READ_SECONDS"]))
_sleep, _create_client = time.sleep, Session.create_client


def _hurried_client(session: Session, *arguments: Any, config: Config | None = None, **rest: Any) -> Any:
    return _create_client(session, *arguments, config=config.merge(_SOON) if config else _SOON, **rest)


time.sleep = lambda seconds: _sleep(seconds * _SCALE)
Session.create_client = _hurried_client
