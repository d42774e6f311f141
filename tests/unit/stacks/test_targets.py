"""Tests what differs between AWS and the local cloud, and between two deployments."""

from __future__ import annotations

import json
import re
from typing import Any

from stacks.bundling.layer import CHECKOUT
from tests.unit.stacks.conftest import Synthesis
from tuner.settings import DeploymentSettings, deployment_settings


def comparable(synthesis: Synthesis) -> dict[str, Any]:
    """The template without what may differ: the layers, and the settings' waits.

    The name of a published version contains a hash of its function's code, layers and settings.
    """
    text = re.sub(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}", r"\1", json.dumps(synthesis.template))
    template: dict[str, Any] = json.loads(text)
    template["Outputs"].pop("DeploymentSettings")
    resources = {
        name: entry for name, entry in template["Resources"].items() if entry["Type"] != "AWS::Lambda::LayerVersion"
    }
    for entry in resources.values():
        entry.pop("Metadata", None)
        if entry["Type"] == "AWS::Lambda::Function":
            entry["Properties"].pop("Layers", None)
            entry["Properties"]["Environment"]["Variables"].pop("DEPLOYMENT")
        if entry["Type"] == "AWS::SQS::Queue":
            entry["Properties"].pop("DelaySeconds", None)
    return template | {"Resources": resources}


def test_the_local_cloud_gets_the_same_stack(aws: Synthesis, local: Synthesis) -> None:
    there, here = comparable(aws), comparable(local)
    assert {name: entry for name, entry in here["Resources"].items() if there["Resources"].get(name) != entry} == {}
    assert here == there


def test_the_local_cloud_needs_no_layer_and_scores_with_the_same_encoder(aws: Synthesis, local: Synthesis) -> None:
    assert not local.of_type("AWS::Lambda::LayerVersion")
    there, here = (made.functions()["tuner-score-answers"]["Environment"]["Variables"] for made in (aws, local))
    names = ("ENCODER_BUCKET", "ENCODER_KEY", "ENCODER_SHA256")
    assert [here[name] for name in names] == [there[name] for name in names]


def test_a_deployment_with_the_default_name_has_the_plain_stack_name() -> None:
    assert DeploymentSettings().stack_name == "BedrockTuner"
    assert DeploymentSettings(name="faq").stack_name == "BedrockTuner-faq"


def test_cdk_json_shows_the_defaults() -> None:
    context = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    assert deployment_settings(context) == DeploymentSettings()
    assert not {"quiet_seconds", "training_polling", "serving_polling"} & set(context), "these are shorter on a laptop"
