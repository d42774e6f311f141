"""What the policy of the deployment's key allows to services, beside what roles of the account are granted by IAM."""

from __future__ import annotations

from typing import Any


def key_statements(deployment: str, partition: str, region: str, account: str) -> list[dict[str, Any]]:
    """Two statements: encrypted log groups, and alarms that publish to the encrypted topic."""
    groups = (f"/aws/lambda/{deployment}-*", f"/aws/vendedlogs/states/{deployment}-*")
    arns = [f"arn:{partition}:logs:{region}:{account}:log-group:{group}" for group in groups]
    return [
        {
            "Sid": "LogsOfThisDeployment",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
            "Resource": "*",
            # kms:DescribeKey is left out: its requests have no encryption context, so it would never be allowed here.
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
