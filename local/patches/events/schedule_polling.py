"""Polls for due schedules every second. MiniStack polls every ten seconds, and AWS is accurate to a minute.

This shortens tests and demonstrations that wait for a schedule.
"""

from ministack.services import scheduler

_INTERVAL_SECONDS = 1


def install() -> None:
    """Sets the polling interval."""
    scheduler._SCHEDULE_TICK_INTERVAL = _INTERVAL_SECONDS
