"""Permissions on network interfaces of functions and customization jobs, for a deployment in a VPC."""

from __future__ import annotations

from collections.abc import Iterable

from stacks.permissions.arns import Arns
from stacks.permissions.grant import Grant

# The tags that Bedrock sets on its network interfaces: https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-model-customization.html
_MANAGED, _JOB = "BedrockManaged", "BedrockModelCustomizationJobArn"
_ALL = "AWS has no narrower resource"


def function_network(arns: Arns) -> list[Grant]:
    """What Lambda needs in a function's role: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html."""
    if not arns.deployment.vpc:
        return []
    return [
        Grant(
            ("ec2:CreateNetworkInterface",),
            (*_vpc(arns), arns.arn("ec2", "network-interface/*")),
            "connects the function to the VPC; the interface gets its id from EC2",
        ),
        Grant(
            # Lambda checks these on all resource ids. With narrower ARNs it cannot connect the function.
            ("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
            (arns.arn("ec2", "*/*"),),
            "looks after the function's network interfaces",
        ),
        Grant(("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"), ("*",), f"finds them; {_ALL}"),
    ]


def job_network(arns: Arns) -> list[Grant]:
    """What Bedrock needs in the role of a customization job, on the interfaces of jobs of this account."""
    if not arns.deployment.vpc:
        return []
    interfaces = (arns.arn("ec2", "network-interface/*"),)
    job = arns.bedrock("model-customization-job/*")
    subnets = tuple(arns.arn("ec2", f"subnet/{name}") for name in arns.deployment.vpc.subnet_ids)
    return [
        Grant(
            (
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeVpcs",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeSubnets",
                "ec2:DescribeSecurityGroups",
            ),
            ("*",),
            f"reads how the network is made; {_ALL}",
        ),
        Grant(
            ("ec2:CreateNetworkInterface",),
            interfaces,
            "connects the job to the VPC",
            {
                "StringEquals": {f"aws:RequestTag/{_MANAGED}": "true"},
                "StringLike": {f"aws:RequestTag/{_JOB}": job},
            },
        ),
        Grant(("ec2:CreateNetworkInterface",), tuple(_vpc(arns)), "connects the job to these subnets only"),
        Grant(
            (
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ),
            interfaces,
            "uses and removes the job's interfaces, and no other",
            {
                # The tags limit the role to interfaces that Bedrock created for customization jobs.
                "StringEquals": {f"ec2:ResourceTag/{_MANAGED}": "true"},
                "StringLike": {f"ec2:ResourceTag/{_JOB}": job},
                "ArnLike": {"ec2:Subnet": subnets},
            },
        ),
        Grant(
            ("ec2:CreateTags",),
            interfaces,
            "marks the job's interfaces",
            {
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                "ForAllValues:StringEquals": {"aws:TagKeys": (_MANAGED, _JOB)},
            },
        ),
    ]


def _vpc(arns: Arns) -> Iterable[str]:
    vpc = arns.deployment.vpc
    yield from (arns.arn("ec2", f"subnet/{name}") for name in vpc.subnet_ids)
    yield from (arns.arn("ec2", f"security-group/{name}") for name in vpc.security_group_ids)
