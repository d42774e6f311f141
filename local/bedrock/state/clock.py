"""The clock of the local Bedrock.

A status that changes with time, such as Creating to InService, is computed from the clock when it is read. There are
no timers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
