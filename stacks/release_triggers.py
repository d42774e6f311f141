"""Releases paid throughput when the state machine cannot: rule on ended executions, schedules, hourly sweep.

The same rules close the ledger's entries of runs that have ended, and give their places to the runs that wait.

These are three of the five release mechanisms; the other two are states of the state machine. All of them, and the
deletion of the stack, call the same function.
"""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnResource, CustomResource, Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.permissions import Arns


class ReleaseBeforeDeletion(Construct):
    """A custom resource that CloudFormation deletes first: it releases all endpoints or makes the deletion fail.

    It calls the function of the hourly sweep. A function that only a deletion calls would be Inactive by then. Its
    first invocation would fail, and CloudFormation, which invokes it asynchronously, would wait until its time limit.
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """

    def __init__(self, scope: Construct, construct_id: str, function: lambda_.IFunction) -> None:
        everything = [part for part in scope.node.find_all() if isinstance(part, CfnResource)]
        super().__init__(scope, construct_id)
        resource = CustomResource(
            self,
            "Resource",
            resource_type="Custom::ReleaseBeforeDeletion",
            service_token=function.function_arn,
            # Lambda retries a failed asynchronous invocation after one minute and again after two minutes.
            service_timeout=Duration.minutes(20),
        )
        # CloudFormation deletes a resource before its dependencies, and keeps them if that fails. Layers are left out:
        # an existing function does not need them, and the local cloud has none.
        resource.node.add_dependency(*(part for part in everything if not isinstance(part, lambda_.CfnLayerVersion)))


class ReleaseTriggers(Construct):
    """Three independent release mechanisms: each is sufficient alone."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        arns: Arns,
        functions: Mapping[str, lambda_.IFunction],
        dead_letter_queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._dead_letter_queue = dead_letter_queue
        release, close, assign = (functions[step] for step in ("release_throughput", "close_run", "assign_places"))
        # A run that succeeds has released its endpoint in a state, or keeps it as the user asked.
        badly = ["FAILED", "TIMED_OUT", "ABORTED"]
        releases = "Releases what a failed, timed out or stopped run left, and reports it"
        self._build_rule("RunEndedBadly", releases, arns.state_machine, badly, release, close)
        settles = (
            "Replaces in the ledger what a successful run had reserved by what it spent, and deletes the models of its "
            "candidates that were not chosen"
        )
        self._build_rule("RunSucceeded", settles, arns.state_machine, ["SUCCEEDED"], close, release)
        assigns = "Gives the place of an ended run to the next one in the queue"
        self._build_rule("RunEnded", assigns, arns.state_machine, ["SUCCEEDED", *badly], assign)
        self._build_schedule_group(arns.schedule_group_name)
        self._build_sweep(release, close, assign)

    def _build_rule(
        self, construct_id: str, description: str, state_machine: str, statuses: list[str], *called: lambda_.IFunction
    ) -> None:
        """Calls the functions when an execution ends with one of the statuses."""
        events.Rule(
            self,
            construct_id,
            description=description,
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [state_machine], "status": statuses},
            ),
            targets=[self._target(function) for function in called],
        )

    def _build_schedule_group(self, name: str) -> None:
        # Deleting the group deletes the schedules in it: none outlives the stack.
        scheduler.CfnScheduleGroup(self, "Releases", name=name)

    def _build_sweep(self, *functions: lambda_.IFunction) -> None:
        events.Rule(
            self,
            "HourlySweep",
            description="Releases what carries this deployment's name and tag and no running execution needs any more, "
            "and closes the ledger's entries of ended runs",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[
                self._target(function, events.RuleTargetInput.from_object({"sweep": True})) for function in functions
            ],
        )

    def _target(
        self, function: lambda_.IFunction, event: events.RuleTargetInput | None = None
    ) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            function,
            event=event,
            dead_letter_queue=self._dead_letter_queue,
            # Until the release succeeds, an endpoint costs money: these events are retried for a day, the longest time
            # that EventBridge allows.
            retry_attempts=100,
            max_event_age=Duration.hours(24),
        )
