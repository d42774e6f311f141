"""Starts, lists and describes executions of the state machine. The name of an execution is the id of its run."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors
from tuner.core.resource_names import STATE_MACHINE_ALIAS

# Error codes of SendTaskSuccess and SendTaskFailure for a token that is no longer waited for.
TOKEN_GONE = {"TaskDoesNotExist", "TaskTimedOut", "InvalidToken"}
# DescribeExecution may miss an execution that has just begun, and it forgets one after 90 days:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
VISIBLE = dt.timedelta(hours=1)
"""An execution that is not found has ended if it was started longer ago than this."""


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution. `error` and `cause` were given by its Fail state, or by the person who stopped it.

    `status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE. `stopped_at` is when it ended.
    """

    status: str
    started_at: dt.datetime
    error: str | None = None
    cause: str | None = None
    stopped_at: dt.datetime | None = None


def describe(execution_arn: str, api: Any = None) -> Execution:
    """An execution that exists. Calls: states:DescribeExecution."""
    with mapped_errors(f"look up the execution {execution_arn}"):
        found = (api or client("stepfunctions")).describe_execution(executionArn=execution_arn)
    return _execution(found)


def _execution(found: Response) -> Execution:
    return Execution(found["status"], found["startDate"], found.get("error"), found.get("cause"), found.get("stopDate"))


class Executions:
    """Calls: states:StartExecution and ListExecutions on the state machine, DescribeExecution on its executions.

    `succeed` calls states:SendTaskSuccess.
    """

    def __init__(self, state_machine_arn: str, api: Any = None) -> None:
        self._machine = state_machine_arn
        self._api = api or client("stepfunctions")

    def arn(self, name: str) -> str:
        """The ARN of the execution of this name."""
        # An execution's ARN follows from its name, so no call is needed. It has no alias and no version, whichever
        # started it (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html).
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"

    def start(self, name: str, document: str) -> bool:
        """Starts an execution. False when one with this name was started before, even if it has ended.

        Step Functions keeps a name for 90 days. While the first execution runs, a repeated call with the same input
        succeeds as if it had started it. The alias decides which version of the state machine runs.
        """
        alias = f"{self._machine}:{STATE_MACHINE_ALIAS}"
        with mapped_errors(f"start the execution {name}"):
            try:
                self._api.start_execution(stateMachineArn=alias, name=name, input=document)
            except ClientError as error:
                # Raised for an ended execution with this name, and for a running one with another input.
                if code_of(error) == "ExecutionAlreadyExists":
                    return False
                raise
        return True

    def succeed(self, token: str) -> bool:
        """Lets the execution that waits with a task token continue. False when nobody waits with it any more."""
        with mapped_errors("let a waiting execution continue"):
            try:
                self._api.send_task_success(taskToken=token, output="{}")
            except ClientError as error:
                if code_of(error) in TOKEN_GONE:
                    return False
                raise
        return True

    def redriven_since(self, name: str, at: dt.datetime) -> bool:
        """Whether an execution that ended by then is in progress again, because somebody redrove it later."""
        found = self._find(name)
        if found is None:
            return False
        redriven: dt.datetime | None = found.get("redriveDate")
        return found["status"] in ("RUNNING", "PENDING_REDRIVE") and redriven is not None and redriven > at

    def running(self) -> list[str]:
        """Names of the executions in progress."""
        with mapped_errors(f"list the executions of {self._machine}"):
            pages = self._api.get_paginator("list_executions").paginate(
                stateMachineArn=self._machine, statusFilter="RUNNING"
            )
            return [entry["name"] for page in pages for entry in page["executions"]]

    def find(self, name: str) -> Execution | None:
        """The execution of this name; None when there is none."""
        found = self._find(name)
        return None if found is None else _execution(found)

    def status(self, name: str) -> str | None:
        """The status of an execution; None when there is no such execution."""
        found = self.find(name)
        return None if found is None else found.status

    def _find(self, name: str) -> Response | None:
        with mapped_errors(f"look up the execution {name}"):
            try:
                found: Response = self._api.describe_execution(executionArn=self.arn(name))
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return None
                raise
        return found
