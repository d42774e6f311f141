"""The key policy statements for AWS services. Roles of the account get their access to the key through IAM."""

from __future__ import annotations

from typing import Any


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
