"""Keeps the endpoint of an accepted model for the hours that its run asks for. The release schedule ends it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now
from tuner.serving.paid_resources import Endpoints
from tuner.serving.release_schedule import ReleaseSchedule


def keep_endpoint(endpoints: Endpoints, folder: RunFolder, schedule: ReleaseSchedule, hours: float) -> EndpointRecord:
    """Moves the run's release schedule to `hours` from now, and writes that time into the endpoint's tag and record.

    A retried step keeps the time of the first attempt. Nothing happens when the endpoint is gone because a person or
    the schedule released it: the record then says when.
    """
    record = folder.load(EndpointRecord)
    if record.released_at or endpoints.get(record.arn) is None:
        return record
    until = dt.datetime.fromisoformat(record.kept_until) if record.kept_until else now() + dt.timedelta(hours=hours)
    # The schedule comes first: whatever fails afterwards, the endpoint has an end. Then the tag, which the sweep reads.
    kept = iso(schedule.move(until))
    endpoints.tag(record.arn, {Tags.KEPT_UNTIL: kept})
    # Read again: a release may have written the record meanwhile.
    record = folder.load(EndpointRecord).model_copy(update={"kept_until": kept})
    folder.save(record)
    return record


def kept_until(tags: Mapping[str, str], created_at: dt.datetime, longest_hours: float) -> dt.datetime | None:
    """Until when the tag of an endpoint keeps it, at most `longest_hours` after its creation; None without such a tag.

    A tag that cannot be parsed keeps nothing: to leave an endpoint running would cost more than to release it.
    """
    text = tags.get(Tags.KEPT_UNTIL)
    try:
        until = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    # A time without an offset cannot be compared with the current time.
    if until is None or until.tzinfo is None:
        return None
    return min(until, created_at + dt.timedelta(hours=longest_hours))
