"""Instants as the run's documents write them: ISO-8601, UTC, whole seconds."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """This instant, in UTC."""
    return dt.datetime.now(dt.UTC)


def iso(instant: dt.datetime) -> str:
    """`2026-11-23T07:10:34Z`."""
    return instant.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds_since(instant: str | dt.datetime, until: dt.datetime | None = None) -> float:
    """Seconds from an instant (ISO-8601 when a text) to `until`, which is now when absent; never below zero."""
    start = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return max(0.0, ((until or now()) - start).total_seconds())
