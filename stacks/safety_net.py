"""Who releases paid throughput when the state machine cannot: the rule, the schedules, the sweep; and the stack's end.

The other two of the five releases are states of the state machine. All five call the same function.
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

from stacks.permissions import Places


class Farewell(Construct):
    """Deleted before anything else of the stack: it releases what is alive, or keeps the stack from being deleted.

    It calls the function of the hourly sweep. One that only a deletion calls would be Inactive by then: its first
    invocation fails, and CloudFormation, which invokes it asynchronously, would wait for an answer in vain.
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
            # Lambda repeats a failed asynchronous invocation after one minute and after two more.
            service_timeout=Duration.minutes(20),
        )
        # What depends on others is deleted before them, and they stay when it cannot be. A layer is of no use to a
        # function that is there already; locally there is none.
        resource.node.add_dependency(*(part for part in everything if not isinstance(part, lambda_.CfnLayerVersion)))


class SafetyNet(Construct):
    """Each of them is enough alone."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        places: Places,
        functions: Mapping[str, lambda_.IFunction],
        undelivered: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self._undelivered = undelivered
        release, close = functions["release_throughput"], functions["close_run"]
        self._build_rule_on_ended_runs(places.state_machine, release, close)
        self._build_schedule_group(places.schedule_group_name)
        self._build_sweep(release)

    def _build_rule_on_ended_runs(
        self, state_machine_arn: str, release: lambda_.IFunction, close: lambda_.IFunction
    ) -> None:
        events.Rule(
            self,
            "RunEndedBadly",
            description="Releases what a failed, timed out or stopped run left, and reports it",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [state_machine_arn], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
            ),
            targets=[self._target(release), self._target(close)],
        )

    def _build_schedule_group(self, name: str) -> None:
        # Deleting the group deletes the schedules in it: none outlives the stack.
        scheduler.CfnScheduleGroup(self, "Releases", name=name)

    def _build_sweep(self, release: lambda_.IFunction) -> None:
        events.Rule(
            self,
            "HourlySweep",
            description="Releases what carries this deployment's name and tag and no running execution needs any more",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[self._target(release, events.RuleTargetInput.from_object({"sweep": True}))],
        )

    def _target(
        self, function: lambda_.IFunction, event: events.RuleTargetInput | None = None
    ) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            function,
            event=event,
            dead_letter_queue=self._undelivered,
            retry_attempts=100,
            max_event_age=Duration.hours(24),
        )
