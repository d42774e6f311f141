"""The stack's resource types: purpose, permissions that CloudFormation needs, and cost at rest.

docs/first-deployment.md is generated from it; a test compares it with the synthesized template.

Most permissions are all actions of a service on the deployment's own names: CloudFormation calls more actions to read a
resource than to create it, and their number grows. Where names are not known beforehand (keys), or where a wildcard
would allow too much (IAM), every action is listed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_KEYS = (
    "kms:DescribeKey",
    "kms:EnableKeyRotation",
    "kms:DisableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
    # Called with the caller's permissions when a topic, a log group or a function gets the key.
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
)
_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
)
_ROLES = (
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
# Needed to give a state machine a log group. None of these actions has a narrower resource.
_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Actions on ARNs. `STACK` and `NAME` stand for the stack's and the deployment's name, `BUCKETS` for the stack's in
    lower case."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    passed_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource type: its purpose, the call that creates it, and the permissions that CloudFormation needs."""

    purpose: str
    creates: str = ""
    needs: tuple[Allowance, ...] = ()


@dataclass(frozen=True, slots=True)
class AtRest:
    """A monthly cost without any run. `free` is the number that the AWS Free Tier covers."""

    what: str
    count: str
    usd_each: float
    source: str
    free: int = 0
    note: str = field(default="")


def _on(service: str, *resources: str) -> Allowance:
    return Allowance((f"{service}:*",), resources)


_BUCKETS = _on("s3", "arn:aws:s3:::BUCKETS-*")
_FUNCTIONS = (
    _on("lambda", "arn:aws:lambda:REGION:ACCOUNT:function:NAME-*", "arn:aws:lambda:REGION:ACCOUNT:layer:*"),
    # The packages are in the CDK's asset bucket. Lambda reads them with the permissions of the caller.
    Allowance(("s3:GetObject",), ("arn:aws:s3:::cdk-hnb659fds-assets-ACCOUNT-REGION/*",)),
    # With the setting 'vpc'.
    Allowance(("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"), ("*",)),
)
_MAPPINGS = (
    # AWS has no narrower resource for the first two.
    Allowance(("lambda:CreateEventSourceMapping", "lambda:ListEventSourceMappings"), ("*",)),
    _on("lambda", "arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:*"),
)
# Versions and aliases are authorized on the state machine.
_STATE_MACHINES = _on("states", "arn:aws:states:REGION:ACCOUNT:stateMachine:NAME-*")
_TABLES = _on("dynamodb", "arn:aws:dynamodb:REGION:ACCOUNT:table/STACK-*")
_TOPICS = _on("sns", "arn:aws:sns:REGION:ACCOUNT:STACK-*")
_QUEUES = _on("sqs", "arn:aws:sqs:REGION:ACCOUNT:STACK-*")
_ROLE = (
    Allowance(_ROLES, ("arn:aws:iam::ACCOUNT:role/STACK-*",)),
    Allowance(
        ("iam:PassRole",),
        ("arn:aws:iam::ACCOUNT:role/STACK-*",),
        ("lambda.amazonaws.com", "states.amazonaws.com"),
    ),
)

KINDS: dict[str, Kind] = {
    "AWS::CDK::Metadata": Kind("Records the versions of the CDK. It creates no resource."),
    "AWS::CloudWatch::Alarm": Kind(
        "Notifies the topic of failed runs, costs and failed releases.",
        "cloudwatch:PutMetricAlarm",
        (_on("cloudwatch", "arn:aws:cloudwatch:REGION:ACCOUNT:alarm:STACK-*"),),
    ),
    "AWS::CloudWatch::Dashboard": Kind(
        "Shows runs, dollars, paid time and durations.",
        "cloudwatch:PutDashboard",
        (_on("cloudwatch", "arn:aws:cloudwatch::ACCOUNT:dashboard/NAME-*"),),
    ),
    "AWS::DynamoDB::Table": Kind("State that several runs share.", "dynamodb:CreateTable", (_TABLES,)),
    "AWS::Events::Rule": Kind(
        "Queues the uploads of datasets, releases when an execution fails, closes the ledger's entries, and starts the "
        "hourly sweep.",
        "events:PutRule",
        (_on("events", "arn:aws:events:REGION:ACCOUNT:rule/STACK-*"),),
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        "The permissions of a data owner and of an operator, for an administrator to attach.",
        "iam:CreatePolicy",
        (Allowance(_POLICIES, ("arn:aws:iam::ACCOUNT:policy/STACK-*",)),),
    ),
    "AWS::IAM::Role": Kind(
        "One for each function, the state machine, the schedules and Bedrock's jobs.", "iam:CreateRole", _ROLE
    ),
    "AWS::KMS::Key": Kind(
        "Encrypts the buckets, the topic and the logs.",
        "kms:CreateKey",
        (Allowance(("kms:CreateKey",), ("*",)), Allowance(_KEYS, ("arn:aws:kms:REGION:ACCOUNT:key/*",))),
    ),
    "AWS::Lambda::EventInvokeConfig": Kind("Retries of an event, and its dead-letter queue.", "", _FUNCTIONS),
    "AWS::Lambda::EventSourceMapping": Kind(
        "Gives the messages of the arrivals queue to the start function.",
        "lambda:CreateEventSourceMapping",
        _MAPPINGS,
    ),
    "AWS::Lambda::Function": Kind(
        "One for each step, and those that start, release and sweep.", "lambda:CreateFunction", _FUNCTIONS
    ),
    "AWS::Lambda::LayerVersion": Kind("The functions' Python packages.", "lambda:PublishLayerVersion", _FUNCTIONS),
    "AWS::Lambda::Permission": Kind("Allows a rule or an alarm to invoke one function.", "", _FUNCTIONS),
    "AWS::Lambda::Version": Kind(
        "The code and settings of each function at a deployment: runs in progress keep theirs.", "", _FUNCTIONS
    ),
    "AWS::Logs::LogGroup": Kind(
        "One for each function and the state machine, with a retention period.",
        "logs:CreateLogGroup",
        (
            _on(
                "logs",
                "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/*/NAME*",
                "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/*/NAME*:*",
            ),
            Allowance(_LOG_DELIVERY, ("*",)),
        ),
    ),
    "AWS::S3::Bucket": Kind(
        "Datasets, artifacts of runs, and the access logs of both.", "s3:CreateBucket", (_BUCKETS,)
    ),
    "AWS::S3::BucketPolicy": Kind("TLS only, encryption with the key only.", "", (_BUCKETS,)),
    "AWS::SNS::Subscription": Kind("One for each address of `notification_emails`.", "", (_TOPICS,)),
    "AWS::SNS::Topic": Kind("Notifies people of results, approvals and alarms.", "sns:CreateTopic", (_TOPICS,)),
    "AWS::SNS::TopicPolicy": Kind("Who may publish to the topic.", "", (_TOPICS,)),
    "AWS::SQS::Queue": Kind(
        "One delays the uploads of datasets; one keeps events that failed after all retries.",
        "sqs:CreateQueue",
        (_QUEUES,),
    ),
    "AWS::SQS::QueuePolicy": Kind("TLS only; the rules may send.", "", (_QUEUES,)),
    "AWS::Scheduler::ScheduleGroup": Kind(
        "Contains the release schedules of runs.",
        "scheduler:CreateScheduleGroup",
        (
            _on(
                "scheduler",
                "arn:aws:scheduler:REGION:ACCOUNT:schedule-group/NAME-*",
                "arn:aws:scheduler:REGION:ACCOUNT:schedule/NAME-*/*",
            ),
        ),
    ),
    "AWS::StepFunctions::StateMachine": Kind(
        "Runs the pipeline: one execution per run.",
        "states:CreateStateMachine",
        (_STATE_MACHINES, *_ROLE),
    ),
    "AWS::StepFunctions::StateMachineAlias": Kind(
        "The version of the state machine that new runs use.", "", (_STATE_MACHINES,)
    ),
    "AWS::StepFunctions::StateMachineVersion": Kind("The state machine at a deployment.", "", (_STATE_MACHINES,)),
    "Custom::ReleaseBeforeDeletion": Kind("Releases all paid endpoints before the stack is deleted.", "", _FUNCTIONS),
}

_CLOUDWATCH = "aws.amazon.com/cloudwatch/pricing, us-east-1, as quoted in public in 2026"
AT_REST = (
    AtRest(
        "KMS key",
        "AWS::KMS::Key",
        1.0,
        "aws.amazon.com/kms/pricing, as quoted in public in March 2026",
        0,
        "one dollar more after each of the first two yearly rotations",
    ),
    AtRest("Alarms", "AWS::CloudWatch::Alarm", 0.10, _CLOUDWATCH, 10),
    AtRest("Custom metrics of the hourly sweep", "metrics", 0.30, _CLOUDWATCH, 10),
    AtRest("Dashboard", "AWS::CloudWatch::Dashboard", 3.0, _CLOUDWATCH, 3),
)
