"""Types of the settings that a company prescribes: e-mail addresses, VPC, permissions boundary, KMS key and tags."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from tuner.core.strict_model import StrictModel
from tuner.settings.loading import matching

_SUBNET = Annotated[
    str, matching(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "a subnet's id, such as subnet-0123456789abcdef0")
]
_SECURITY_GROUP = Annotated[
    str, matching(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "a security group's id, such as sg-0123456789abcdef0")
]

EmailAddress = Annotated[
    str,
    matching(
        r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
        "an e-mail address",
    ),
]

# Bedrock customizes models in Regions of the partition `aws` only, so no other partition is accepted in ARNs.
# A policy's path and name: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
Boundary = Annotated[
    str,
    matching(
        r"(arn:aws:iam::([0-9]{12}|aws):policy/)?([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,128}",
        "the name or the ARN of a managed policy",
    ),
]
KeyArn = Annotated[
    str,
    matching(
        r"arn:aws:kms:[a-z0-9-]+:[0-9]{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        "the ARN of a KMS key, not of an alias",
    ),
]

FunctionArn = Annotated[
    str,
    matching(
        r"arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?",
        "the ARN of a Lambda function",
    ),
]
ScorerName = Annotated[str, matching("[a-z][a-z0-9-]{0,39}", "a name of lowercase letters, digits and hyphens")]

# Bedrock allows fewer characters in tags than other services, and runs tag their Bedrock resources:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Tag.html
_TAG = r"[a-zA-Z0-9 ._:/=+@-]"
_RESERVED = "bedrock-tuner:"


def _check_tags(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not re.fullmatch(rf"{_TAG}{{1,128}}", key) or not re.fullmatch(rf"{_TAG}{{0,256}}", value):
            raise ValueError(
                f"the tag '{key}' must have a key of 1 to 128 and a value of at most 256 characters: letters without "
                "accents, digits, spaces and . _ : / = + @ -"
            )
        if key.lower().startswith(("aws:", _RESERVED)):
            raise ValueError(f"the tag '{key}' is reserved: AWS keeps 'aws:', and this project keeps '{_RESERVED}'")
    # Tag keys are case-sensitive in most services, but the condition keys of IAM that match tags ignore case.
    folded = [key.casefold() for key in tags]
    if twice := [key for key in tags if folded.count(key.casefold()) > 1]:
        raise ValueError(
            f"the tags {' and '.join(repr(key) for key in twice)} are the same key to IAM, which ignores case: keep one"
        )
    return tags


CompanyTags = Annotated[dict[str, str], AfterValidator(_check_tags)]


class VpcSettings(StrictModel):
    """The VPC of the functions and of the customization jobs. Without subnets they use no VPC."""

    subnet_ids: tuple[_SUBNET, ...] = Field(
        (),
        max_length=16,
        description="subnets of the functions and of the customization jobs; by default none, and no VPC",
    )
    security_group_ids: tuple[_SECURITY_GROUP, ...] = Field(
        (), max_length=5, description="their security groups, which must allow outbound HTTPS to the VPC endpoints"
    )

    def __bool__(self) -> bool:
        """Whether the deployment uses a VPC."""
        return bool(self.subnet_ids)
