"""Keeps the queue for places: registers runs that wait, and gives free places to the runs that wait longest.

Calls: dynamodb:GetItem, dynamodb:Query, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem,
states:SendTaskSuccess, states:DescribeExecution, states:ListExecutions.
"""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from lambdas.step import Environment, RunEvent, logger, step
from tuner.aws.dynamodb.queue_state import Pool, WaitingRun
from tuner.aws.dynamodb.run_queue_table import PlacesTable
from tuner.aws.executions import Executions
from tuner.core.strict_model import FrozenModel
from tuner.run_queue import Places, pool_sizes


class _Execution(FrozenModel):
    """The detail of "Step Functions Execution Status Change": the execution's name is the run's id.

    `stopDate` is in milliseconds since 1970. Only events of an execution in progress have none, and the rule does not
    match them.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str
    stopped_at: dt.datetime = Field(alias="stopDate")


class _Leaving(RunEvent):
    """A run that does not need its place of a pool any more. `since` is when the run entered the state that says so."""

    pool: Pool
    since: dt.datetime


class _Waiting(_Leaving):
    """A run that waits for a place since it entered the state. `most` is the account's quota, if known.

    `again`: it gives away the place that it has, and waits behind the others.

    Errors do not show the token.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    task_token: SecretStr
    most: float | None = None
    again: bool = False


class PlacesEvent(FrozenModel):
    """One of: a run that waits for a place, a run that leaves its place, an ended execution, the sweep."""

    model_config = ConfigDict(hide_input_in_errors=True)

    waiting: _Waiting | None = None
    leaving: _Leaving | None = None
    detail: _Execution | None = None
    sweep: bool = False

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum((*(part is not None for part in (self.waiting, self.leaving, self.detail)), self.sweep)) != 1:
            raise ValueError(
                'give one of {"waiting": ...}, {"leaving": ...}, {"sweep": true} or an execution status change event'
            )
        return self


def places(env: Environment) -> Places:
    """The pools of the deployment."""
    return Places(
        PlacesTable(env.state_table),
        Executions(env.state_machine_arn),
        pool_sizes(env.deployment),
    )


@step(PlacesEvent)
def handler(event: PlacesEvent, env: Environment) -> None:
    """Changes the queue, and wakes the runs that get a place."""
    queue = places(env)
    if event.waiting:
        run, pool = event.waiting, event.waiting.pool
        logger.info("A run waits for a place", run_id=run.run_id, pool=pool)
        waiting = WaitingRun(run_id=run.run_id, since=run.since)
        if run.again:
            queue.wait_again(pool, waiting, run.task_token)
        else:
            queue.wait(pool, waiting, run.task_token, None if run.most is None else int(run.most))
    elif event.leaving:
        queue.leave(event.leaving.pool, event.leaving.run_id, event.leaving.since)
    elif event.detail:
        queue.ended(event.detail.name, event.detail.stopped_at)
    else:
        queue.sweep()
