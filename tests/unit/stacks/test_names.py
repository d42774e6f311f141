"""Tests the fixed names of the template, and that the same deployment can exist in two Regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from tests.unit.stacks.checks.test_limits import largest
from tests.unit.stacks.conftest import Synthesis

Scope = Literal["state machine", "Region", "account", "world"]

# By type and property. A named type that is missing here fails the test: look up how far its names reach, then add it.
UNIQUE_IN: dict[tuple[str, str], Scope] = {
    ("AWS::Lambda::Function", "FunctionName"): "Region",
    ("AWS::Logs::LogGroup", "LogGroupName"): "Region",
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): "Region",
    ("AWS::StepFunctions::StateMachineAlias", "Name"): "state machine",
    ("AWS::Scheduler::ScheduleGroup", "Name"): "Region",
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html: dashboards are global.
    ("AWS::CloudWatch::Dashboard", "DashboardName"): "account",
}


def names(template: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """Type, property and value of every name that is written out; CloudFormation makes all others unique by itself."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # seconds

    for entry in template["Resources"].values():
        kind = entry["Type"]
        if kind.startswith(("Custom::", "AWS::CDK::")):
            continue
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        # What a resource is identified by alone, and names that cannot be changed without a replacement.
        identifiers = [pointer.rpartition("/")[2] for pointer in schema.get("primaryIdentifier", ())]
        fixed = [pointer.rpartition("/")[2] for pointer in schema.get("createOnlyProperties", ())]
        keys = {*(identifiers if len(identifiers) == 1 else ()), *(key for key in fixed if key.endswith("Name"))}
        for key in sorted(keys):
            value = entry.get("Properties", {}).get(key)
            if isinstance(value, str):
                yield (kind, key), value


def wide(place: tuple[str, str]) -> bool:
    return UNIQUE_IN[place] in {"account", "world"}


def test_the_scope_of_every_fixed_name_is_known(aws: Synthesis) -> None:
    found = list(names(aws.template))
    assert {place for place, _ in found} == set(UNIQUE_IN)
    assert len(found) > 40


def test_names_that_are_unique_across_regions_contain_the_region(aws: Synthesis) -> None:
    assert [value for place, value in names(aws.template) if wide(place)] == ["tuner-runs-us-east-1"]


def test_two_regions_of_one_account_can_hold_the_same_deployment(aws: Synthesis, west: Synthesis) -> None:
    here, there = ({pair for pair in names(one.template) if wide(pair[0])} for one in (aws, west))
    assert here and there and not here & there


def test_names_begin_with_the_deployments_own(synthesize: Callable[..., Synthesis]) -> None:
    """Two deployments of one account and Region share none."""
    other = synthesize(**largest())
    found = [value for place, value in names(other.template) if UNIQUE_IN[place] != "state machine"]
    assert all(value.rpartition("/")[2].startswith(f"{largest()['name']}-") for value in found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["AWS::SNS::Topic", "AWS::S3::Bucket", "AWS::IAM::Role"])
def test_a_fixed_name_of_an_unknown_resource_type_is_reported(kind: str) -> None:
    """The test of the test: a fixed name for something that has none today."""
    key = {"AWS::SNS::Topic": "TopicName", "AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}[kind]
    template = {"Resources": {"Any": {"Type": kind, "Properties": {key: "tuner-fixed"}}}}
    assert list(names(template)) == [((kind, key), "tuner-fixed")]
    assert (kind, key) not in UNIQUE_IN
