"""Log groups: encrypted, with the deployment's retention, and deleted with the stack.

Their names are fixed. A log group that outlived the stack would make the next deployment fail.
"""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

# The retention periods that CloudWatch Logs supports, in days:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def log_group(scope: Construct, construct_id: str, name: str, key: kms.IKey, retention_days: int) -> logs.LogGroup:
    """A log group with a retention of at least `retention_days`."""
    group = logs.LogGroup(
        scope, construct_id, log_group_name=name, encryption_key=key, removal_policy=RemovalPolicy.DESTROY
    )
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    resource.retention_in_days = supported_days(retention_days)
    return group


def supported_days(retention_days: int) -> int:
    """The shortest supported retention that is not below `retention_days` (1 to 3653)."""
    return next(days for days in _DAYS if days >= retention_days)
