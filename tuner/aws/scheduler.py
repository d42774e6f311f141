"""EventBridge Scheduler: one-time schedules that delete themselves after they fired."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, translated
from tuner.core.errors import RetryableError


class OneTimeSchedules:
    """The schedules of one group. Calls: scheduler:{Create,Get,Update,Delete}Schedule, iam:PassRole."""

    def __init__(self, group: str, api: Any = None) -> None:
        self._group = group
        self._api = api or client("scheduler")

    def arm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Invokes the function with `payload` once, at `at`, and reads back when: an armed one keeps its time."""
        with translated(f"arm the schedule {name}"):
            try:
                self._api.create_schedule(**self._members(name, at, function_arn, role_arn, payload))
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise
            return self._fires_at(name)

    def rearm(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """As `arm`, but an armed one fires at `at` instead."""
        members = self._members(name, at, function_arn, role_arn, payload)
        with translated(f"rearm the schedule {name}"):
            try:
                self._api.update_schedule(**members)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                # It has fired, or never was: what it is to release may be there all the same.
                self._api.create_schedule(**members)
            return self._fires_at(name)

    def disarm(self, name: str) -> None:
        """Deletes a schedule; one that is gone is no error."""
        with translated(f"delete the schedule {name}"):
            try:
                self._api.delete_schedule(Name=name, GroupName=self._group)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    def _members(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dict[str, Any]:
        return {
            "Name": name,
            "GroupName": self._group,
            "ScheduleExpression": f"at({at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S})",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "Target": {"Arn": function_arn, "RoleArn": role_arn, "Input": json.dumps(dict(payload))},
        }

    def _fires_at(self, name: str) -> dt.datetime:
        try:
            expression: str = self._api.get_schedule(Name=name, GroupName=self._group)["ScheduleExpression"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            # Just made, and not shown yet; or fired in this moment, and then the next attempt makes it anew.
            raise RetryableError(f"The schedule {name} cannot be seen yet. It is looked for again.") from error
        return dt.datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=dt.UTC)
