"""Log groups: encrypted, kept for the deployment's retention, gone with the stack (their names are fixed)."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

# CloudWatch Logs knows these numbers of days only:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def log_group(scope: Construct, construct_id: str, name: str, key: kms.IKey, retention_days: int) -> logs.LogGroup:
    """A log group that keeps for `retention_days` at least."""
    group = logs.LogGroup(
        scope, construct_id, log_group_name=name, encryption_key=key, removal_policy=RemovalPolicy.DESTROY
    )
    resource = group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    resource.retention_in_days = kept_days(retention_days)
    return group


def kept_days(retention_days: int) -> int:
    """The least number of days that CloudWatch Logs knows and that is not shorter (1 to 3653)."""
    return next(days for days in _DAYS if days >= retention_days)
