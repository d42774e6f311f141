"""The differences between this project and the third-party data or evaluator, with reason and source."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Difference:
    """`what` is an action or a condition operator, `on` the ARN (`*` allowed in it) or the condition key."""

    what: str
    on: str
    reason: str
    source: str


POLICY_DIFFERENCES = (
    Difference(
        "CreateModelCustomizationJob",
        "arn:aws:bedrock:*:model-customization-job/*",
        "The data lists the two models only. AWS's policy for starting a customization job also names the job.",
        "AWS Step Functions Developer Guide, IAM policies for calling Amazon Bedrock",
    ),
    Difference(
        "CreateModelInvocationJob",
        "arn:aws:bedrock:*:inference-profile/*",
        "The data lists models and the job only. The service model takes inference profiles too, and AWS's page lists "
        "them with their Regions.",
        "Amazon Bedrock User Guide, Supported Regions and models for batch inference",
    ),
    Difference(
        "ArnLike",
        "kms:EncryptionContext:aws:logs:arn",
        "Every encryption context is published as a string. The policy in AWS's guide compares this one as an ARN.",
        "Amazon CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS",
    ),
)

# Where the evaluator gives no answer, or leaves something out of account, on calls that the local cloud decides.
CALL_DIFFERENCES = (
    Difference(
        "bedrock:CreateModelCustomizationJob",
        "arn:aws:bedrock:*:model-customization-job/*",
        "The evaluator refuses to decide: the data does not list the job. The grants on the two models are decided.",
        "AWS Step Functions Developer Guide, IAM policies for calling Amazon Bedrock",
    ),
)
# Condition keys that the local cloud sets and the evaluator takes out of a request.
KEY_DIFFERENCES = (
    Difference(
        "kms:*",
        "kms:encryptioncontext:aws:s3:arn",
        "The evaluator takes no encryption context whose name has a colon. No grant depends on this one.",
        "Amazon S3 User Guide, Using server-side encryption with AWS KMS keys, Encryption context",
    ),
    Difference(
        "dynamodb:*Item",
        "dynamodb:select",
        "The local cloud sets the key for writes too. No grant depends on it.",
        "Service Authorization Reference, Amazon DynamoDB",
    ),
)


def differs(what: str, on: str, among: tuple[Difference, ...] | None = None) -> bool:
    """Whether this is one of the differences; of those in policies, if nothing else is said."""
    known = POLICY_DIFFERENCES if among is None else among
    return any(fnmatchcase(what, each.what) and fnmatchcase(on, each.on) for each in known)
