"""Foundation models and inference profiles. Every name contains the stand-in that answers."""

from __future__ import annotations

import pytest

from tests.unit.local.bedrock.conftest import HAIKU, NOVA, change_settings
from tuner import catalog


def details(control, model_id):
    return control.get_foundation_model(modelIdentifier=model_id)["modelDetails"]


def test_the_name_of_every_model_says_stand_in(control):
    summaries = control.list_foundation_models()["modelSummaries"]
    assert {model.id for model in catalog.models()} <= {summary["modelId"] for summary in summaries}
    assert all("(local stand-in: " in summary["modelName"] for summary in summaries)


@pytest.mark.parametrize(
    ("engine", "model_id", "name"),
    [
        ("smollm2", HAIKU, "Claude 3 Haiku (local stand-in: SmolLM2-135M-Instruct)"),
        (
            "smollm2",
            "amazon.nova-lite-v1:0:300k",
            "Nova Lite (local stand-in: SmolLM2-135M-Instruct without 4 of its layers)",
        ),
        ("instant", "amazon.nova-lite-v1:0", "Nova Lite (local stand-in: no model at all)"),
        ("tiny", NOVA, "Nova Micro (local stand-in: tiny random-weight network)"),
        ("smollm2", "anthropic.claude-sonnet-4-6", "Claude Sonnet 4.6 (local stand-in: similarity judge)"),
        (
            "smollm2",
            "amazon.nova-pro-v1:0",
            "Nova Pro (local stand-in: SmolLM2-135M-Instruct; as a judge: similarity judge)",
        ),
    ],
)
def test_the_name_contains_what_answers(bedrock, control, engine, model_id, name):
    change_settings(bedrock, engine=engine)
    assert details(control, model_id)["modelName"] == name


def test_the_name_contains_the_judge_server(bedrock, control):
    change_settings(bedrock, judge_url="http://x", judge_model="qwen")
    assert "qwen at LOCAL_JUDGE_URL" in details(control, "anthropic.claude-sonnet-4-6")["modelName"]


def test_a_retired_model_is_active_by_default_and_legacy_with_lifecycle_aws(bedrock, control):
    assert details(control, HAIKU)["modelLifecycle"] == {"status": "ACTIVE"}
    change_settings(bedrock, lifecycle="aws")
    lifecycle = details(control, HAIKU)["modelLifecycle"]
    assert (lifecycle["status"], f"{lifecycle['endOfLifeTime']:%Y-%m-%d}") == ("LEGACY", "2026-09-10")
    assert details(control, NOVA)["modelLifecycle"] == {"status": "ACTIVE"}
    bedrock.state.settings = bedrock.state.settings.model_copy(update={"lifecycles": {NOVA: "LEGACY", HAIKU: "ACTIVE"}})
    assert details(control, HAIKU)["modelLifecycle"] == {"status": "ACTIVE"}
    assert details(control, NOVA)["modelLifecycle"]["status"] == "LEGACY"


def test_a_model_is_found_by_arn_and_id_and_an_unknown_one_is_not(control):
    arn = details(control, NOVA)["modelArn"]
    assert details(control, arn)["modelId"] == NOVA
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        details(control, "amazon.nova-none-v1:0")


def test_models_can_be_filtered(control):
    def ids(**wanted):
        return {summary["modelId"] for summary in control.list_foundation_models(**wanted)["modelSummaries"]}

    assert HAIKU in ids(byCustomizationType="FINE_TUNING")
    assert "amazon.nova-micro-v1:0" not in ids(byCustomizationType="FINE_TUNING")
    assert NOVA not in ids(byInferenceType="ON_DEMAND")
    assert all(model_id.startswith("meta.") for model_id in ids(byProvider="Meta"))


def test_a_profile_routes_to_its_model_in_every_region(control):
    profile = control.get_inference_profile(inferenceProfileIdentifier="us.anthropic.claude-sonnet-4-6")
    assert [model["modelArn"] for model in profile["models"]] == [
        f"arn:aws:bedrock:{region}::foundation-model/anthropic.claude-sonnet-4-6"
        for region in ("us-east-1", "us-east-2", "us-west-2")
    ]
    listed = control.list_inference_profiles(typeEquals="SYSTEM_DEFINED")["inferenceProfileSummaries"]
    assert "us.amazon.nova-micro-v1:0" in {summary["inferenceProfileId"] for summary in listed}
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier="us.none")
