"""Permissions on the network interfaces of functions and customization jobs, in a deployment with a VPC."""

from __future__ import annotations

from collections.abc import Iterable

from stacks.permissions.arns import Places
from stacks.permissions.grant import Grant

# What Bedrock tags its interfaces with: https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-model-customization.html
_MANAGED, _JOB = "BedrockManaged", "BedrockModelCustomizationJobArn"
_ALL = "AWS knows no narrower resource"


def of_functions(places: Places) -> list[Grant]:
    """What Lambda needs of a function's role: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html."""
    if not places.deployment.vpc:
        return []
    return [
        Grant(
            ("ec2:CreateNetworkInterface",),
            (*_vpc(places), places.arn("ec2", "network-interface/*")),
            "connects the function to the VPC; the interface gets its id from EC2",
        ),
        Grant(
            # Lambda asks for these on every resource id, and fails to connect the function when they are narrower.
            ("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
            (places.arn("ec2", "*/*"),),
            "looks after the function's network interfaces",
        ),
        Grant(("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"), ("*",), f"finds them; {_ALL}"),
    ]


def of_jobs(places: Places) -> list[Grant]:
    """What Bedrock needs of a customization job's role, on interfaces that it made for a job of this account."""
    if not places.deployment.vpc:
        return []
    interfaces = (places.arn("ec2", "network-interface/*"),)
    job = places.bedrock("model-customization-job/*")
    subnets = tuple(places.arn("ec2", f"subnet/{name}") for name in places.deployment.vpc.subnet_ids)
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
        Grant(("ec2:CreateNetworkInterface",), tuple(_vpc(places)), "connects the job to these subnets only"),
        Grant(
            (
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ),
            interfaces,
            "uses and removes the job's interfaces, and no other",
            {
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


def _vpc(places: Places) -> Iterable[str]:
    vpc = places.deployment.vpc
    yield from (places.arn("ec2", f"subnet/{name}") for name in vpc.subnet_ids)
    yield from (places.arn("ec2", f"security-group/{name}") for name in vpc.security_group_ids)
