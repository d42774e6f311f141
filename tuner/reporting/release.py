"""Waits for what the report of a stopped run is read for first: whether anything is still paid for."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuner.aws.run_folder import RunFolder
from tuner.run import Keys

_LONGEST_SECONDS = 90
_PAUSE_SECONDS = 3


def await_release(folder: RunFolder, pause: Callable[[float], None] = time.sleep) -> None:
    """Returns when the run's endpoint is released, or has a term and stays, or after a minute and a half.

    The event that has a stopped run reported has its endpoint released too, at the same moment: a report written at
    once would say for ever that nobody knows.
    """
    for _ in range(_LONGEST_SECONDS // _PAUSE_SECONDS):
        endpoint = folder.find_json(Keys.ENDPOINT)
        if endpoint is None or endpoint.get("released_at") or endpoint.get("commitment"):
            return
        pause(_PAUSE_SECONDS)
