"""Times as the artifacts have them: ISO 8601, UTC, whole seconds."""

from __future__ import annotations

import datetime as dt
import math


def now() -> dt.datetime:
    """The current time, in UTC."""
    return dt.datetime.now(dt.UTC)


def iso(instant: dt.datetime) -> str:
    """`2026-11-23T07:10:34Z`."""
    return instant.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def begun_hours(seconds: float) -> int:
    """Hours by which an hourly price is multiplied: a begun hour counts whole, also the first one.

    AWS gives prices per hour and does not say that it bills parts of one: https://aws.amazon.com/bedrock/pricing/
    """
    return max(1, math.ceil(seconds / 3600))


def seconds_since(instant: str | dt.datetime, until: dt.datetime | None = None) -> float:
    """Seconds from `instant` (a time or its ISO 8601 text) to `until`, by default now. Never negative."""
    start = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return max(0.0, ((until or now()) - start).total_seconds())
