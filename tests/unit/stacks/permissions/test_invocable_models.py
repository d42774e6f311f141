"""Tests which models the roles can invoke: the Region's base models and the allowed judges."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.permissions import Arns, bedrock, model_arns
from stacks.permissions.permissions_page import example_arns
from tuner import catalog
from tuner.settings import DeploymentSettings

PLACES = example_arns()


def example(**settings: Any) -> Arns:
    return Arns(**(vars(PLACES) | {"deployment": DeploymentSettings(**settings)}))


@pytest.mark.parametrize("judge", [judge.id for judge in catalog.judges()])
def test_a_known_judge_is_granted_wherever_its_profile_reaches(judge: str) -> None:
    known = catalog.judge(judge)
    assert known
    arns = model_arns.judge_arns(example(), judge)
    if known.routing == "in-region":
        assert arns == [f"arn:aws:bedrock:us-east-1::foundation-model/{judge}"], "asked where the deployment is"
        return
    assert {f"arn:aws:bedrock:{region}::foundation-model/{known.foundation_model}" for region in known.regions} <= set(
        arns
    )
    assert (f"arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/{judge}" in arns) is (judge != known.foundation_model)


@pytest.mark.parametrize(
    ("judge", "arns"),
    [
        ("vendor.judge-v1:0", ["arn:aws:bedrock:us-east-1::foundation-model/vendor.judge-v1:0"]),
        (
            "eu.vendor.judge-v1:0",
            [
                "arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/eu.vendor.judge-v1:0",
                "arn:aws:bedrock:*::foundation-model/vendor.judge-v1:0",
            ],
        ),
        (
            "global.vendor.judge-v1:0",
            [
                "arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/global.vendor.judge-v1:0",
                "arn:aws:bedrock:*::foundation-model/vendor.judge-v1:0",
                "arn:aws:bedrock:::foundation-model/vendor.judge-v1:0",
            ],
        ),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/eu.vendor.judge-v1:0",
            [
                "arn:aws:bedrock:us-east-1:1:inference-profile/eu.vendor.judge-v1:0",
                "arn:aws:bedrock:*::foundation-model/vendor.judge-v1:0",
            ],
        ),
        (
            "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc",
            ["arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"],
        ),
    ],
)
def test_the_form_of_an_unknown_judges_id_decides_its_arns(judge: str, arns: list[str]) -> None:
    assert model_arns.judge_arns(PLACES, judge) == arns


def test_the_model_of_an_application_inference_profile_is_invoked_through_the_profile_only() -> None:
    profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc"
    _, behind = bedrock.invoke_judges(example(judge_model=profile))
    assert behind.resources == ("arn:aws:bedrock:*::foundation-model/*",)
    assert behind.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": (profile,)}}
    assert len(bedrock.invoke_judges(example())) == 1


def test_only_judges_that_the_deployment_allows_are_granted() -> None:
    assert model_arns.judges(example(judge_model="a.b", judge_models=("c.d",))) == [
        "arn:aws:bedrock:us-east-1::foundation-model/a.b",
        "arn:aws:bedrock:us-east-1::foundation-model/c.d",
    ]


def test_models_to_compare_with_are_the_base_models_and_those_that_the_deployment_allows() -> None:
    def granted(**settings: object) -> tuple[str, ...]:
        return bedrock.invoke_compared(example(**settings))[0].resources

    added = set(granted(compared_models=("us.anthropic.claude-sonnet-4-6",))) - set(granted())
    assert added == set(model_arns.judge_arns(example(), "us.anthropic.claude-sonnet-4-6"))
    assert set(model_arns.invokable(example())) == set(granted())
    profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc"
    _, behind = bedrock.invoke_compared(example(compared_models=(profile,)))
    assert behind.conditions == {"StringEquals": {"bedrock:InferenceProfileArn": (profile,)}}
    (grant,) = bedrock.describe_subscriptions(example(compared_models=("us.anthropic.claude-sonnet-4-6",)))
    assert grant.actions == ("bedrock:GetFoundationModelAvailability",)


def test_base_models_are_those_of_the_region() -> None:
    east, west = model_arns.tunable(example()), model_arns.tunable(example(region="us-west-2"))
    assert "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k" in east
    assert "arn:aws:bedrock:us-west-2::foundation-model/meta.llama3-3-70b-instruct-v1:0:128k" in west
    assert not any("llama3-3" in arn for arn in east)


def test_a_base_model_behind_a_profile_is_granted_wherever_it_reaches() -> None:
    arns = model_arns.invokable(example())
    assert "arn:aws:bedrock:us-east-1:ACCOUNT:inference-profile/us.amazon.nova-2-lite-v1:0" in arns
    for region in ("us-east-1", "us-east-2", "us-west-2"):
        assert f"arn:aws:bedrock:{region}::foundation-model/amazon.nova-2-lite-v1:0" in arns


def test_subscriptions_are_looked_up_only_where_a_judge_needs_one() -> None:
    assert bedrock.describe_subscriptions(example()) == []
    (grant,) = bedrock.describe_subscriptions(example(judge_models=("us.anthropic.claude-sonnet-4-6",)))
    assert (grant.actions, grant.resources) == (("bedrock:GetFoundationModelAvailability",), ("*",))
