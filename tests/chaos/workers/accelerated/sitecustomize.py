"""Accelerates the functions of a worker's cloud. Python imports this module at the start of every function process.

The functions' code stays as it is deployed. ACCELERATED_SLEEP_SCALE scales `time.sleep`, which the retries of the SDK
and the functions use. ACCELERATED_READ_SECONDS is the read timeout of every client. The SDK retries a call once: this
absorbs a fault that occurs once, and hands a lasting fault to the retries of the state machine soon.
"""

import os
import time
from typing import Any

from botocore.config import Config
from botocore.session import Session

_SCALE = float(os.environ["ACCELERATED_SLEEP_SCALE"])
_READ_SECONDS = float(os.environ["ACCELERATED_READ_SECONDS"])
_MAX_ATTEMPTS = 2
_sleep, _create_client = time.sleep, Session.create_client


def _accelerated_client(session: Session, *arguments: Any, config: Config | None = None, **rest: Any) -> Any:
    config = config or Config()
    retries = {**(config.retries or {})}
    retries["total_max_attempts"] = min(retries.get("total_max_attempts", _MAX_ATTEMPTS), _MAX_ATTEMPTS)
    accelerated = config.merge(Config(read_timeout=_READ_SECONDS, retries=retries))
    return _create_client(session, *arguments, config=accelerated, **rest)


time.sleep = lambda seconds: _sleep(float(seconds) * _SCALE)
Session.create_client = _accelerated_client
