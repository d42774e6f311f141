"""Tests single constructs with settings other than the defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from stacks.bundling.layer import CHECKOUT
from stacks.monitoring.log_groups import supported_days
from stacks.monitoring.notifications import Notifications
from stacks.storage import Storage
from tuner.settings import DeploymentSettings


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    """Storage and notifications of a deployment that keeps nothing and tells two people."""
    settings = DeploymentSettings(
        keep_data=False, retention_days=30, notification_emails=("one@example.com", "two@example.com")
    )
    context = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    stack = Stack(App(context=context), "Stack")
    storage = Storage(stack, "Storage", settings)
    Notifications(stack, "Notifications", settings, storage.key)
    found: dict[str, dict[str, Any]] = Template.from_stack(stack).to_json()["Resources"]
    return found


def of_type(resources: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [entry for entry in resources.values() if entry["Type"] == kind]


def test_data_is_deleted_with_the_stack_if_keep_data_is_false(resources: dict[str, dict[str, Any]]) -> None:
    data = ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::DynamoDB::Table")
    kept = [entry for kind in data for entry in of_type(resources, kind)]
    assert [entry["DeletionPolicy"] for entry in kept] == ["Delete"] * 5


def test_no_resource_empties_a_bucket_automatically(resources: dict[str, dict[str, Any]]) -> None:
    assert not of_type(resources, "Custom::S3AutoDeleteObjects")
    assert not of_type(resources, "AWS::Lambda::Function")


def test_superseded_versions_expire_after_the_retention(resources: dict[str, dict[str, Any]]) -> None:
    rules = [rule for entry in of_type(resources, "AWS::S3::Bucket") for rule in lifecycle(entry)]
    assert {"NoncurrentDays": 30} in [rule.get("NoncurrentVersionExpiration") for rule in rules]
    assert 30 in [rule.get("ExpirationInDays") for rule in rules]


def lifecycle(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    return found


def test_every_notification_address_is_subscribed(resources: dict[str, dict[str, Any]]) -> None:
    subscribed = [entry["Properties"] for entry in of_type(resources, "AWS::SNS::Subscription")]
    assert [(entry["Protocol"], entry["Endpoint"]) for entry in subscribed] == [
        ("email", "one@example.com"),
        ("email", "two@example.com"),
    ]


def test_notifications_are_encrypted(resources: dict[str, dict[str, Any]]) -> None:
    (topic,) = of_type(resources, "AWS::SNS::Topic")
    assert "KmsMasterKeyId" in topic["Properties"]


@pytest.mark.parametrize(("asked", "kept"), [(1, 1), (2, 3), (90, 90), (91, 120), (366, 400), (3650, 3653)])
def test_logs_are_kept_for_at_least_the_retention(asked: int, kept: int) -> None:
    assert supported_days(asked) == kept
