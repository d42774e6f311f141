"""Keeps the endpoint of an accepted model for the hours that its run states, and lets the switch end it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tuner.artifacts.serving import EndpointRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.core.resource_names import Tags
from tuner.core.times import iso, now
from tuner.serving.endpoints import Endpoints
from tuner.serving.purchase import require, write
from tuner.serving.release_schedule import Switch


def keep(endpoints: Endpoints, folder: RunFolder, switch: Switch, hours: float) -> EndpointRecord:
    """Lets the run's switch fire `hours` from now, and marks the endpoint and its record with that time.

    The switch comes first: whatever happens afterwards, there is an end. Then the tag, which the sweep goes by. The
    time of an earlier attempt stays. Without effect when the endpoint is gone, released by hand or by a switch that
    was quicker: the record then says when.
    """
    record = require(folder)
    if record.released_at or endpoints.get(record.arn) is None:
        return record
    until = dt.datetime.fromisoformat(record.kept_until) if record.kept_until else now() + dt.timedelta(hours=hours)
    kept = iso(switch.rearm(until))
    endpoints.tag(record.arn, {Tags.KEPT_UNTIL: kept})
    record = require(folder).model_copy(update={"kept_until": kept})
    write(folder, record)
    return record


def kept_until(tags: Mapping[str, str], created_at: dt.datetime, longest_hours: float) -> dt.datetime | None:
    """Until when an endpoint is kept by its tag, or None; never longer than `longest_hours` after its creation.

    A tag that cannot be read keeps nothing: leaving an endpoint running is the dearer mistake.
    """
    text = tags.get(Tags.KEPT_UNTIL)
    try:
        until = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if until is None or until.tzinfo is None:
        return None
    return min(until, created_at + dt.timedelta(hours=longest_hours))
