"""Permissions on the KMS key: the key policy's statements for AWS services, and the grants for roles."""

from __future__ import annotations

from typing import Any

from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant


def use_key(arns: Arns, service: str, actions: tuple[str, ...], reason: str) -> Grant:
    """Lets a role use the key through one AWS service, such as `s3`, and not with requests to KMS itself."""
    via = {"StringEquals": {"kms:ViaService": f"{service}.{arns.region}.amazonaws.com"}}
    return Grant(actions, (arns.key,), reason, via)


def key_statements(deployment: str, partition: str, region: str, account: str) -> list[dict[str, Any]]:
    """Statements for encrypted log groups and for alarms that publish to the encrypted topic."""
    groups = (f"/aws/lambda/{deployment}-*", f"/aws/vendedlogs/states/{deployment}-*")
    arns = [f"arn:{partition}:logs:{region}:{account}:log-group:{group}" for group in groups]
    return [
        {
            "Sid": "LogsOfThisDeployment",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
            "Resource": "*",
            # kms:DescribeKey is not listed: its requests have no encryption context, so this condition would deny it.
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": arns}},
        },
        {
            "Sid": "AlarmsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
    ]
