"""Renders docs/company.md: what a VPC, a permissions boundary, an own key and tags need, derived from the grants."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stacks.permissions.kms import key_statements
from stacks.permissions.permissions_page import every_role, example_arns

# The endpoint of each service that functions call:
# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
_ENDPOINTS = {
    "s3": "s3",
    "dynamodb": "dynamodb",
    "states": "states",
    "sns": "sns",
    "scheduler": "scheduler",
    "servicequotas": "servicequotas",
    "events": "events",
    "pricing": "pricing.api",
}
# Services that functions do not call: Lambda, S3, SNS, Bedrock or the scheduler call them with the functions' roles.
_FOR_OTHERS = {"logs", "xray", "sqs", "kms", "iam", "ec2"}

_NOTES = {
    "s3": "a gateway endpoint; a policy on it must allow the deployment's buckets and, for the deletion of the stack, "
    "`cloudformation-custom-resource-response-REGION` (the Region without hyphens)",
    "dynamodb": "a gateway endpoint",
    "pricing.api": "in us-east-1, eu-central-1 and ap-south-1; without access the packaged price list is used",
}


def endpoints() -> list[str]:
    """The VPC endpoints of the services that functions call, without the prefix `com.amazonaws.REGION.`."""
    return sorted(
        {_endpoint(action) for action in _actions("lambda.amazonaws.com") if _service(action) not in _FOR_OTHERS}
    )


def _endpoint(action: str) -> str:
    if _service(action) == "bedrock":
        return "bedrock-runtime" if action == "bedrock:InvokeModel" else "bedrock"
    return _ENDPOINTS[_service(action)]


def _service(action: str) -> str:
    return action.partition(":")[0]


def _actions(*principals: str) -> Iterator[str]:
    for _, principal, grants in every_role(example_arns()):
        if not principals or principal in principals:
            yield from (action for grant in grants for action in grant.actions)


def boundary_actions() -> dict[str, list[str]]:
    """The actions that a permissions boundary must allow, by service."""
    found: dict[str, set[str]] = {}
    for action in _actions():
        found.setdefault(_service(action), set()).add(action.partition(":")[2])
    return {service: sorted(names) for service, names in sorted(found.items())}


def company_page() -> str:
    """The page: network, permissions boundary, key and tags."""
    statements = key_statements("NAME", "aws", "REGION", "ACCOUNT")
    return _PAGE.format(
        endpoints="\n".join(f"| `com.amazonaws.REGION.{name}` | {_NOTES.get(name, '')} |" for name in endpoints()),
        actions="\n".join(
            f"| `{service}` | {', '.join(f'`{name}`' for name in names)} |"
            for service, names in boundary_actions().items()
        ),
        key=json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2),
    )


_PAGE = """# Your own VPC, permissions boundary, key and tags

*For the platform engineer.*

```console
cdk deploy -c vpc.subnet_ids=subnet-0123456789abcdef0,subnet-0123456789abcdef1 \\
    -c vpc.security_group_ids=sg-0123456789abcdef0 -c permissions_boundary=company-boundary \\
    -c kms_key_arn=arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012 -c tags.cost-center=4711
```

## VPC

Every function and every customization job is connected to these subnets with these security groups, and reaches AWS
only through them. Lambda and Bedrock create the network interfaces with the roles of the functions and the job; the
roles allow it in these subnets only. Without NAT the VPC needs these endpoints, and the security groups must allow
outbound traffic to them on port 443:

| endpoint | note |
| --- | --- |
{endpoints}

Customization jobs need the endpoint of S3 only. Logs and traces need none, because Lambda sends them outside of the VPC
(unconfirmed for traces; no run fails without them). S3 and SNS call KMS themselves. Deleting the stack takes longer:
CloudFormation waits until Lambda has released the network interfaces.

## Permissions boundary

The stack sets the boundary on every role. The boundary must allow these actions, or runs fail with AccessDeniedError:

| service | actions |
| --- | --- |
{actions}

With a VPC, it must also allow the actions of `ec2` that `stacks/permissions/network.py` lists.

## Own key

The key must be symmetric and in the deployment's Region. Its policy must delegate access to IAM of this account, as the
default key policy does. It must also allow two AWS services, which roles cannot do. Add these statements **before** the
first deployment: CloudWatch Logs rejects a key whose policy does not allow it. The stack's output `KeyPolicyStatements`
contains them with the names filled in.

```json
{key}
```

Custom models are encrypted with an AWS owned key, with and without this setting.

## Tags

The tags are set on every resource of the stack that supports tags, and on the customization jobs, custom models,
provisioned throughput and deployments that runs create. Tags of this project (`bedrock-tuner:`) cannot be replaced: a
release uses them to find the resources of its deployment.
"""
