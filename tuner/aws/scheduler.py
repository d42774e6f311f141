"""EventBridge Scheduler: one-time schedules that delete themselves after they fired."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.translate import code_of, translated


class OneTimeSchedules:
    """The schedules of one group. Calls: scheduler:CreateSchedule, GetSchedule, DeleteSchedule, iam:PassRole."""

    def __init__(self, group: str, api: Any = None) -> None:
        self._group = group
        self._api = api or client("scheduler")

    def arm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Invokes the function with `payload` once, at `at`, and reads back when: an armed one keeps its time."""
        with translated(f"arm the schedule {name}"):
            try:
                self._api.create_schedule(
                    Name=name,
                    GroupName=self._group,
                    ScheduleExpression=f"at({at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={"Arn": function_arn, "RoleArn": role_arn, "Input": json.dumps(dict(payload))},
                )
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise
            return self._fires_at(name)

    def disarm(self, name: str) -> None:
        """Deletes a schedule; one that is gone is no error."""
        with translated(f"delete the schedule {name}"):
            try:
                self._api.delete_schedule(Name=name, GroupName=self._group)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    def _fires_at(self, name: str) -> dt.datetime:
        expression: str = self._api.get_schedule(Name=name, GroupName=self._group)["ScheduleExpression"]
        return dt.datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=dt.UTC)
