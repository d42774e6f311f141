"""AWS limits on deployed resources, as data. A test checks the synthesized template against each of them.

For limits that AWS raises on request, the table has the value of a new account, so that the first deployment needs no
request.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_CLOUDFORMATION = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"
_STEP_FUNCTIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_EVENTBRIDGE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
_TAGS = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"
_API = "https://docs.aws.amazon.com/{}.html"
# The date on which the pages were read. AWS changes limits from time to time.
_READ = dt.date(2026, 11, 28)


@dataclass(frozen=True)
class Limit:
    """A limit: the maximum number, or for `characters` and `bytes` the maximum length, that AWS accepts."""

    key: str
    most: int
    unit: str
    of: str
    source: str
    read: dt.date = _READ


LIMITS = {
    limit.key: limit
    for limit in (
        Limit("function.memory", 3008, "MB", "memory of a function in a new account", _LAMBDA),
        Limit("function.timeout", 900, "seconds", "time limit of a function", _LAMBDA),
        Limit("function.environment", 4096, "bytes", "environment of a function, names and values together", _LAMBDA),
        Limit("function.layers", 5, "layers", "layers of a function", _LAMBDA),
        Limit("function.package", 250 * 1024 * 1024, "bytes", "a function's code and layers, unzipped", _LAMBDA),
        Limit("function.concurrency", 10, "invocations", "functions that run concurrently in a new account", _LAMBDA),
        Limit("function.retries", 2, "retries", "retries of an asynchronous invocation", _LAMBDA),
        Limit("function.event_age", 6 * 3600, "seconds", "age of an asynchronous invocation", _LAMBDA),
        Limit("function.name", 64, "characters", "name of a function", _LAMBDA),
        Limit(
            "function.subnets", 16, "subnets", "subnets of a function", _API.format("lambda/latest/api/API_VpcConfig")
        ),
        Limit(
            "function.security_groups",
            5,
            "groups",
            "security groups of a function",
            _API.format("lambda/latest/api/API_VpcConfig"),
        ),
        Limit("template.size", 1_000_000, "bytes", "a template in S3", _CLOUDFORMATION),
        Limit("template.resources", 500, "resources", "resources of a template", _CLOUDFORMATION),
        Limit("template.outputs", 200, "outputs", "outputs of a template", _CLOUDFORMATION),
        Limit("template.description", 1024, "bytes", "description of a template", _CLOUDFORMATION),
        Limit("stack.name", 128, "characters", "name of a stack", _CLOUDFORMATION),
        Limit("stack.custom_resource", 3600, "seconds", "wait for the response of a custom resource", _CLOUDFORMATION),
        Limit("machine.definition", 1_000_000, "bytes", "definition of a state machine", _STEP_FUNCTIONS),
        Limit("machine.name", 80, "characters", "name of a state machine", _STEP_FUNCTIONS),
        Limit("machine.state_name", 80, "characters", "name of a state", _STEP_FUNCTIONS),
        Limit("role.policies", 10_240, "characters", "inline policies of a role, without white space", _IAM),
        Limit("role.trust", 2048, "characters", "trust policy of a role", _IAM),
        Limit(
            "key.policy",
            32_768,
            "bytes",
            "policy of a KMS key",
            _API.format("kms/latest/developerguide/resource-limits"),
        ),
        Limit(
            "bucket.policy",
            20_480,
            "bytes",
            "policy of a bucket",
            _API.format("AmazonS3/latest/userguide/example-bucket-policies"),
        ),
        Limit("rule.pattern", 2048, "characters", "event pattern of a rule", _EVENTBRIDGE),
        Limit("rule.targets", 5, "targets", "targets of a rule", _EVENTBRIDGE),
        Limit("rule.retries", 185, "retries", "retries of a delivery to a target", _EVENTBRIDGE),
        Limit("rule.event_age", 24 * 3600, "seconds", "age of a delivery to a target", _EVENTBRIDGE),
        Limit(
            "log.name",
            512,
            "characters",
            "name of a log group",
            _API.format("AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup"),
        ),
        Limit(
            "alarm.description",
            1024,
            "characters",
            "description of an alarm",
            _API.format("AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm"),
        ),
        Limit(
            "alarm.actions",
            5,
            "actions",
            "actions of an alarm",
            _API.format("AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm"),
        ),
        Limit(
            "dashboard.name",
            255,
            "characters",
            "name of a dashboard",
            _API.format("AmazonCloudWatch/latest/APIReference/API_PutDashboard"),
        ),
        Limit(
            "schedules.name",
            64,
            "characters",
            "name of a schedule group",
            _API.format("scheduler/latest/APIReference/API_CreateScheduleGroup"),
        ),
        Limit(
            "queue.retention",
            14 * 86_400,
            "seconds",
            "retention of a queue's messages",
            _API.format("AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages"),
        ),
        Limit(
            "topic.display_name",
            100,
            "characters",
            "display name of a topic",
            _API.format("sns/latest/api/API_CreateTopic"),
        ),
        Limit("resource.tags", 50, "tags", "tags of a resource", _TAGS),
    )
}
