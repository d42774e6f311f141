"""Starts a run when the upload of a dataset's folder is complete: rule, arrivals queue, start function.

Every upload below incoming/ becomes a message. The queue delays it by `quiet_seconds`, so nothing else has to wait
until no file has arrived for `quiet_seconds`. The function starts the run with the message of the last upload
(tuner/intake/arrival.py).

The queue, and not the account's concurrency, holds what cannot be handled yet. However many datasets arrive at once,
no more than `STARTERS` invocations run, and the other functions keep the rest of the account's concurrency.
"""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.function_table import START_MINUTES
from tuner.core.run import INCOMING
from tuner.settings import DeploymentSettings
from tuner.settings.deployment.settings import STARTERS

# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html recommends six times the function's time
# limit, so that Lambda can retry a throttled invocation, and at least five receives.
_VISIBILITY, RECEIVES = Duration.minutes(6 * START_MINUTES), 5


class ArrivalsQueue(Construct):
    """The queue of uploads. Its delay is the time for which no file may arrive."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: DeploymentSettings, dead_letter_queue: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = sqs.Queue(
            self,
            "Queue",
            delivery_delay=Duration.seconds(settings.quiet_seconds),
            visibility_timeout=_VISIBILITY,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letter_queue, max_receive_count=RECEIVES),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            # The maximum that SQS allows.
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )


class Trigger(Construct):
    """The rule that puts uploads into the arrivals queue, and the mapping that gives them to the start function."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        data_bucket: s3.IBucket,
        arrivals: sqs.IQueue,
        start_run: lambda_.IFunction,
        dead_letter_queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        # A prefix is an exact comparison for EventBridge. It rejects a rule whose wildcards can match a text in too
        # many ways, so files that are not part of a dataset are recognised by the function.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
        events.Rule(
            self,
            "FileArrived",
            description="Puts every upload of a dataset's file into the arrivals queue",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [data_bucket.bucket_name]}, "object": {"key": [{"prefix": INCOMING}]}},
            ),
            targets=[
                # EventBridge and SQS deliver at least once. A second delivery starts nothing: the id of a run is a hash
                # of its content.
                targets.SqsQueue(
                    arrivals, dead_letter_queue=dead_letter_queue, retry_attempts=100, max_event_age=Duration.hours(24)
                )
            ],
        )
        lambda_.EventSourceMapping(
            self,
            "Arrivals",
            target=start_run,
            event_source_arn=arrivals.queue_arn,
            # One dataset per invocation: an error of one does not repeat another.
            batch_size=1,
            max_concurrency=STARTERS,
        )
