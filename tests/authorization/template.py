"""The policies of a synthesized template, with CloudFormation's intrinsic functions resolved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "BedrockTuner",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/BedrockTuner/1",
}
# What `Fn::GetAtt … Arn` is for each type; `Ref` is its last part, apart from those below.
_ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{name}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{name}}",
    "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{{name}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{name}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{name}}",
    "AWS::Events::Rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{name}}",
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{name}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{name}}:*",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}",
    "AWS::StepFunctions::StateMachineVersion": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{name}}:1",
}
_REF_IS_ARN = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
_NAMES = ("FunctionName", "BucketName", "QueueName", "TopicName", "StateMachineName", "LogGroupName", "RoleName")


@dataclass(frozen=True)
class Policy:
    """A policy document, and what it is of. `on` is the resource whose own policy it is; "" for a role's grants."""

    owner: str
    statements: tuple[dict[str, Any], ...]
    on: str = ""


class Template:
    """A template's resources with their functions resolved."""

    def __init__(self, template: Mapping[str, Any], prefix: str = "") -> None:
        """`prefix` begins the names that CloudFormation would make, so that two stacks have different ones."""
        self._resources: dict[str, dict[str, Any]] = template["Resources"]
        self._prefix = prefix

    def policies(self) -> Iterator[Policy]:
        """The policies of roles and resources. Raises for a type of policy that it does not know."""
        for name, resource in self._resources.items():
            kind, properties = resource["Type"], self.resolved(resource.get("Properties", {}))
            yield from self._policies_of(name, kind, properties)

    def resolved(self, value: Any) -> Any:
        """The value without CloudFormation's functions."""
        if isinstance(value, list):
            return [self.resolved(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref":
                return self._ref(argument)
            if function.startswith("Fn::"):
                return self._call(function, argument)
        return {key: self.resolved(each) for key, each in value.items()}

    def _policies_of(self, name: str, kind: str, properties: dict[str, Any]) -> Iterator[Policy]:
        match kind:
            case "AWS::IAM::Role":
                yield _policy(f"{name} (trust)", properties["AssumeRolePolicyDocument"], self.arn(name))
                for inline in properties.get("Policies", ()):
                    yield _policy(name, inline["PolicyDocument"])
            case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
                yield _policy(name, properties["PolicyDocument"])
            case "AWS::KMS::Key":
                yield _policy(name, properties["KeyPolicy"], self.arn(name))
            case "AWS::S3::BucketPolicy":
                yield _policy(name, properties["PolicyDocument"], f"arn:aws:s3:::{properties['Bucket']}")
            case "AWS::SNS::TopicPolicy":
                yield from (_policy(name, properties["PolicyDocument"], topic) for topic in properties["Topics"])
            case "AWS::SQS::QueuePolicy":
                arns = (self.arn(queue) for queue in properties["Queues"])
                yield from (_policy(name, properties["PolicyDocument"], arn) for arn in arns)
            case "AWS::Lambda::Permission":
                yield Policy(name, (_permission(properties),), properties["FunctionName"])
            case _:
                assert not _holds_a_policy(properties), f"{name}: the policy of {kind} is read by nobody"

    def _ref(self, name: str) -> str:
        if name in _PSEUDO:
            return _PSEUDO[name]
        kind = self._resources[name]["Type"]
        if kind == "AWS::Lambda::Version":
            return f"{self.arn(self._resources[name]['Properties']['FunctionName']['Ref'])}:1"
        return self.arn(name) if kind in _REF_IS_ARN else self._name(name)

    def _call(self, function: str, argument: Any) -> str:
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(str(self.resolved(part)) for part in parts)
        if function == "Fn::GetAtt":
            name, attribute = argument
            return self.arn(name) if attribute == "Arn" else self._name(name)
        if function == "Fn::Sub" and isinstance(argument, str):
            return re.sub(r"\$\{([\w:]+)\}", lambda found: self._ref(found[1]), argument)
        raise AssertionError(f"nobody resolves {function} of {json.dumps(argument)}")

    def arn(self, name: str) -> str:
        """The ARN of the resource with this logical id."""
        if name not in self._resources:  # a physical name, already resolved
            return next(self.arn(each) for each in self._resources if self._name(each) == name)
        return _ARNS[self._resources[name]["Type"]].format(name=self._name(name))

    def _name(self, name: str) -> str:
        properties = self._resources[name].get("Properties", {})
        given = next((properties[key] for key in _NAMES if key in properties), None)
        if given is not None:
            return str(self.resolved(given))
        made = f"{self._prefix}{name}"
        return made.lower() if self._resources[name]["Type"] == "AWS::S3::Bucket" else made


def _policy(owner: str, document: Mapping[str, Any], on: str = "") -> Policy:
    # In the policy of a key, and in a trust policy, the resource is the one that the policy is of.
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    kept = tuple(
        {**each, "Resource": on} if on and each.get("Resource", "*") == "*" else dict(each) for each in statements
    )
    return Policy(owner, kept, on)


def _permission(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that Lambda writes into the function's policy."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": properties["Principal"]},
        "Action": properties["Action"],
        "Resource": properties["FunctionName"],
    }
    conditions: dict[str, Any] = {}
    if "SourceArn" in properties:
        conditions["ArnLike"] = {"aws:SourceArn": properties["SourceArn"]}
    if "SourceAccount" in properties:
        conditions["StringEquals"] = {"aws:SourceAccount": properties["SourceAccount"]}
    return statement | ({"Condition": conditions} if conditions else {})


def _holds_a_policy(value: Any) -> bool:
    if isinstance(value, dict):
        return ("Effect" in value and "Action" in value) or any(_holds_a_policy(each) for each in value.values())
    return isinstance(value, list) and any(_holds_a_policy(each) for each in value)
