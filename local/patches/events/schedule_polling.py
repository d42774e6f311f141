"""MiniStack looks for due schedules every ten seconds. AWS promises to be within a minute; here it is one second.

That is not for accuracy: tests and demonstrations wait for a schedule to fire.
"""

from ministack.services import scheduler

_SECONDS = 1


def install() -> None:
    """Look for due schedules every second."""
    scheduler._SCHEDULE_TICK_INTERVAL = _SECONDS
