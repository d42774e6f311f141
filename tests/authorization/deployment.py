"""The policies of a deployed stack, as its services return them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.authorization.evaluation import Policies
from tests.authorization.rules import listed

Client = Callable[[str], Any]


def deployed_policies(client: Client, stack: str) -> Policies:
    """Of the stack's roles, functions, buckets, keys, topics and queues."""
    found: dict[str, list[str]] = {}
    for page in client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack):
        for entry in page["StackResourceSummaries"]:
            found.setdefault(entry["ResourceType"], []).append(entry["PhysicalResourceId"])
    resources: dict[str, Mapping[str, Any]] = {}
    for kind, read in _READERS.items():
        resources |= {arn: policy for name in found[kind] for arn, policy in read(client, name).items()}
    return Policies({name: _grants(client("iam"), name) for name in found["AWS::IAM::Role"]}, resources)


def _grants(iam: Any, role: str) -> list[dict[str, Any]]:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [_document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names]
    return [statement for document in documents for statement in listed(document["Statement"])]


def _of_key(client: Client, name: str) -> dict[str, Mapping[str, Any]]:
    arn = client("kms").describe_key(KeyId=name)["KeyMetadata"]["Arn"]
    return {arn: _document(client("kms").get_key_policy(KeyId=name, PolicyName="default")["Policy"])}


def _of_bucket(client: Client, name: str) -> dict[str, Mapping[str, Any]]:
    return {f"arn:aws:s3:::{name}": _document(client("s3").get_bucket_policy(Bucket=name)["Policy"])}


def _of_topic(client: Client, name: str) -> dict[str, Mapping[str, Any]]:
    return {name: _document(client("sns").get_topic_attributes(TopicArn=name)["Attributes"]["Policy"])}


def _of_queue(client: Client, name: str) -> dict[str, Mapping[str, Any]]:
    found = client("sqs").get_queue_attributes(QueueUrl=name, AttributeNames=["Policy", "QueueArn"])["Attributes"]
    return {found["QueueArn"]: _document(found["Policy"])}


def _of_function(client: Client, name: str) -> dict[str, Mapping[str, Any]]:
    functions = client("lambda")
    arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    try:
        return {arn: _document(functions.get_policy(FunctionName=name)["Policy"])}
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {}  # no service calls this function


def _document(policy: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(policy) if isinstance(policy, str) else policy
    return document


_READERS: dict[str, Callable[[Client, str], dict[str, Mapping[str, Any]]]] = {
    "AWS::KMS::Key": _of_key,
    "AWS::S3::Bucket": _of_bucket,
    "AWS::SNS::Topic": _of_topic,
    "AWS::SQS::Queue": _of_queue,
    "AWS::Lambda::Function": _of_function,
}
