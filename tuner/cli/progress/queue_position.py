"""Says where a waiting run stands in the queue for places, and when it probably starts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tuner.aws.dynamodb.queue_state import PlaceQueue, Pool
from tuner.aws.dynamodb.run_queue_table import PlacesTable
from tuner.cli.deployment import Deployment
from tuner.core.errors import AccessDeniedError
from tuner.core.strict_model import JsonObject
from tuner.core.times import iso, now
from tuner.run_queue import POOLS, place_queue

# The states of statemachine/customization.asl.json that wait for a place.
STATES: Mapping[str, Pool] = {
    "Wait for a preparation place": "preparation",
    "Wait for a preparation place after the approval": "preparation",
    "Wait for a preparation place for the next turn": "preparation",
    "Wait for a training place": "training",
}


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """The position of a run among those that wait. `expected` is None until a first run has left its place."""

    pool: Pool
    position: int
    waiting: int
    expected: dt.datetime | None

    def sentence(self) -> str:
        """The position in one line."""
        start = f"starts at about {self.expected:%Y-%m-%d %H:%M} UTC" if self.expected else "its start is not known yet"
        return f"{self.position} of {self.waiting} runs that wait for a {self.pool} place; {start}"

    def as_json(self) -> JsonObject:
        """The place as `tuner runs --json` prints it."""
        return {
            "pool": self.pool,
            "position": self.position,
            "waiting": self.waiting,
            "expected_start": iso(self.expected) if self.expected else None,
        }


def place(deployment: Deployment, run_id: str, pool: Pool) -> QueuePosition | None:
    """The run's position in a pool; None when it does not wait there, or the deployment has no queue."""
    table = deployment.state_table
    return _place(_queue(deployment, table, pool), pool, run_id) if table else None


def place_sentence(deployment: Deployment, run_id: str, pool: Pool) -> str:
    """The run's position in one line, or why it cannot be told. Empty when the run does not wait."""
    try:
        found = place(deployment, run_id, pool)
    except AccessDeniedError as error:
        # Following a run is more important than its position.
        return f"the position is not known: {error}"
    return found.sentence() if found else ""


def places(deployment: Deployment) -> dict[str, QueuePosition]:
    """The positions of all waiting runs, by run id."""
    return dict(_all(deployment, deployment.state_table)) if deployment.state_table else {}


def _all(deployment: Deployment, table: str) -> Iterator[tuple[str, QueuePosition]]:
    for pool in POOLS:
        queue = _queue(deployment, table, pool)
        starts = queue.expected_starts(now())
        for position, run in enumerate(queue.waiting, 1):
            yield run.run_id, QueuePosition(pool, position, len(queue.waiting), starts.get(run.run_id))


def _queue(deployment: Deployment, table: str, pool: Pool) -> PlaceQueue:
    return place_queue(PlacesTable(table), pool, deployment.settings)


def _place(queue: PlaceQueue, pool: Pool, run_id: str) -> QueuePosition | None:
    position = queue.position(run_id)
    if position is None:
        return None
    return QueuePosition(pool, position, len(queue.waiting), queue.expected_starts(now()).get(run_id))
