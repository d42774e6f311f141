"""Manages one-time schedules of EventBridge Scheduler, which delete themselves after they fired."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.core.errors import RetryableError
from tuner.core.strict_model import JsonObject


class OneTimeSchedules:
    """The schedules of one group. Calls: scheduler:{Create,Get,Update,Delete}Schedule, ListSchedules, iam:PassRole."""

    def __init__(self, group: str, api: Any = None) -> None:
        self._group = group
        self._api = api or client("scheduler")

    def create(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Creates a schedule that invokes the function with `payload` at `at`. Returns when it fires.

        An existing schedule keeps its time, so that a retried step does not move it.
        """
        with mapped_errors(f"create the schedule {name}"):
            try:
                self._api.create_schedule(**self._members(name, at, function_arn, role_arn, payload))
            except ClientError as error:
                if code_of(error) != "ConflictException":
                    raise
            return self._fires_at(name)

    def move(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> dt.datetime:
        """Moves an existing schedule to `at`, or creates it. Returns when it fires."""
        members = self._members(name, at, function_arn, role_arn, payload)
        with mapped_errors(f"move the schedule {name}"):
            try:
                self._api.update_schedule(**members)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                # It has already fired, or never existed: the endpoint may exist all the same.
                self._api.create_schedule(**members)
            return self._fires_at(name)

    def delete(self, name: str) -> None:
        """Deletes a schedule. It is no error when it is already gone."""
        with mapped_errors(f"delete the schedule {name}"):
            try:
                self._api.delete_schedule(Name=name, GroupName=self._group)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    def names(self) -> Iterator[str]:
        """Names of the schedules of the group that have not fired yet."""
        with mapped_errors("list the release schedules"):
            for page in self._api.get_paginator("list_schedules").paginate(GroupName=self._group):
                yield from (schedule["Name"] for schedule in page["Schedules"])

    def payload(self, name: str) -> dict[str, str]:
        """What a schedule sends when it fires; empty when it has just fired, or sends what is no object of texts."""
        with mapped_errors(f"read the schedule {name}"):
            try:
                target = self._api.get_schedule(Name=name, GroupName=self._group)["Target"]
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return {}
            return _texts(target.get("Input", "{}"))

    def _members(
        self, name: str, at: dt.datetime, function_arn: str, role_arn: str, payload: Mapping[str, str]
    ) -> JsonObject:
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
            # Scheduler is eventually consistent: a new schedule may not be visible yet. Or the schedule has just fired,
            # and then the next attempt creates it again.
            raise RetryableError(f"The schedule {name} is not visible yet. The step tries again.") from error
        return dt.datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=dt.UTC)


def _texts(payload: str) -> dict[str, str]:
    """A schedule that somebody else made in the group can have any payload."""
    try:
        document: object = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    known = isinstance(document, dict) and all(isinstance(value, str) for value in document.values())
    return cast("dict[str, str]", document) if known else {}
