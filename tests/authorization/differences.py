"""Where the published data and this project differ, with the reason and its source."""

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
        "The data lists the two models only. The User Guide's policy for a customization job also names the job.",
        "Amazon Bedrock User Guide, Create an IAM service role for model customization",
    ),
    Difference(
        "ArnLike",
        "kms:EncryptionContext:aws:logs:arn",
        "Every encryption context is published as a string. The policy in AWS's guide compares this one as an ARN.",
        "Amazon CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS",
    ),
)


def differs(what: str, on: str) -> bool:
    """Whether this is one of the differences."""
    return any(each.what == what and fnmatchcase(on, each.on) for each in POLICY_DIFFERENCES)
