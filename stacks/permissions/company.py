"""docs/company.md: what must be there beside the settings, derived from the grants."""

from __future__ import annotations

import json
from collections.abc import Iterator

from stacks.permissions.key import key_statements
from stacks.permissions.page import every_role, example_places

# The endpoint of each service that functions call:
# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
_ENDPOINTS = {
    "s3": "s3",
    "states": "states",
    "sns": "sns",
    "scheduler": "scheduler",
    "servicequotas": "servicequotas",
    "events": "events",
    "pricing": "pricing.api",
}
# Granted to functions and never called by their code: by Lambda itself, or by S3, SNS, Bedrock and the scheduler.
_FOR_OTHERS = {"logs", "xray", "sqs", "kms", "iam", "ec2"}

_NOTES = {
    "s3": "a gateway endpoint; a policy on it must allow the deployment's buckets and, for the deletion of the stack, "
    "`cloudformation-custom-resource-response-REGION` (the Region without hyphens)",
    "pricing.api": "in us-east-1, eu-central-1 and ap-south-1; without a way to it the packaged price list is used",
}


def endpoints() -> list[str]:
    """The names behind `com.amazonaws.REGION.` of what functions call."""
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
    for _, principal, grants in every_role(example_places()):
        if not principals or principal in principals:
            yield from (action for grant in grants for action in grant.actions)


def boundary_actions() -> dict[str, list[str]]:
    """By service, what the roles need and a permissions boundary must not take away."""
    found: dict[str, set[str]] = {}
    for action in _actions():
        found.setdefault(_service(action), set()).add(action.partition(":")[2])
    return {service: sorted(names) for service, names in sorted(found.items())}


def company_page() -> str:
    """Network, boundary, key and tags."""
    statements = key_statements("NAME", "aws", "REGION", "ACCOUNT")
    return _PAGE.format(
        endpoints="\n".join(f"| `com.amazonaws.REGION.{name}` | {_NOTES.get(name, '')} |" for name in endpoints()),
        actions="\n".join(
            f"| `{service}` | {', '.join(f'`{name}`' for name in names)} |"
            for service, names in boundary_actions().items()
        ),
        key=json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2),
    )


_PAGE = """# A company's network, permissions boundary, key and tags

*For the platform engineer.*

```console
cdk deploy -c vpc.subnet_ids=subnet-0123456789abcdef0,subnet-0123456789abcdef1 \\
    -c vpc.security_group_ids=sg-0123456789abcdef0 -c permissions_boundary=company-boundary \\
    -c kms_key_arn=arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012 -c tags.cost-center=4711
```

## VPC

Every function and every customization job is connected to these subnets, with these security groups, and reaches AWS
through them alone. Lambda and Bedrock make the network interfaces with the functions' and the job's roles, which may do
so in these subnets only. Without NAT the VPC needs these endpoints, and the security groups must let port 443 out to
them:

| endpoint | note |
| --- | --- |
{endpoints}

Customization jobs need the one of S3 only. Logs and traces need none: Lambda sends them outside of the VPC (for traces
that is unconfirmed; nothing fails without them). KMS is asked by S3 and SNS. Deleting the stack takes longer:
CloudFormation waits until Lambda has given the network interfaces back.

## Permissions boundary

It is set on every role. It must allow what the roles are granted, or runs fail with AccessDeniedError:

| service | actions |
| --- | --- |
{actions}

With a VPC also the actions of `ec2` that `stacks/permissions/network.py` lists.

## Own key

A symmetric key in the deployment's Region. Its policy must let IAM of this account decide, as a key's first policy
does, and allow two services, which roles cannot. Add these statements **before** the first deployment: CloudWatch Logs
refuses a key that does not admit it. The stack's output `KeyPolicyStatements` has them with the names filled in.

```json
{key}
```

Custom models are encrypted with a key of AWS's, with and without this setting.

## Tags

They are put on every resource of the stack that takes tags, and on the customization jobs, custom models, provisioned
throughput and deployments that runs make. Tags of this project (`bedrock-tuner:`) cannot be replaced: by them a release
knows what is its own.
"""
