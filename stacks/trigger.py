"""Starts a run when a training file is uploaded into a dataset's folder."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from tuner.core.file_formats import ENDINGS

# EventBridge rejects a rule whose wildcards can match a text in too many ways ("Rule is too complex"), so the rule uses
# suffixes, which count as exact values. A suffix does not restrict the folder: the function checks the whole key and
# ignores objects outside of `incoming/<dataset>/`. Other files of a dataset, such as documents, invoke no function.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
TRAINING_FILES = [f"/training.{kind}" for kind in ENDINGS]


class Trigger(Construct):
    """A rule on the events of the data bucket, with the start function as its target."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        data_bucket: s3.IBucket,
        start_run: lambda_.IFunction,
        dead_letter_queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "TrainingFileArrived",
            description="Starts a run when a dataset's training file arrives",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [data_bucket.bucket_name]},
                    "object": {"key": [{"suffix": name} for name in TRAINING_FILES]},
                },
            ),
            targets=[
                # EventBridge delivers an event at least once. A second delivery starts nothing: the id of a run is a
                # hash of its content.
                targets.LambdaFunction(
                    start_run, dead_letter_queue=dead_letter_queue, retry_attempts=10, max_event_age=Duration.hours(6)
                )
            ],
        )
