"""What may differ between AWS and the cloud on a laptop, and between two deployments."""

from __future__ import annotations

import json
from typing import Any

from stacks.bedrock_tuner import stack_name
from stacks.layer import CHECKOUT
from tests.unit.stacks.conftest import Synthesis
from tuner.settings import DeploymentSettings, deployment_settings


def comparable(synthesis: Synthesis) -> dict[str, Any]:
    """The template without what may differ: assets, the layer, how scoring is packaged, the settings' waits."""
    template: dict[str, Any] = json.loads(json.dumps(synthesis.template))
    template["Outputs"].pop("DeploymentSettings")
    resources = {
        name: entry for name, entry in template["Resources"].items() if entry["Type"] != "AWS::Lambda::LayerVersion"
    }
    for entry in resources.values():
        entry.pop("Metadata", None)
        if entry["Type"] == "AWS::Lambda::Function":
            for name in ("Code", "Layers"):
                entry["Properties"].pop(name, None)
            entry["Properties"]["Environment"]["Variables"].pop("DEPLOYMENT")
            if entry["Properties"]["FunctionName"].endswith("score-answers"):
                for name in ("Runtime", "Handler", "PackageType"):
                    entry["Properties"].pop(name, None)
                entry["Properties"]["Environment"]["Variables"].pop("BERTSCORE_MODEL")
    return template | {"Resources": resources}


def test_the_laptop_gets_the_same_stack(aws: Synthesis, local: Synthesis) -> None:
    there, here = comparable(aws), comparable(local)
    assert {name: entry for name, entry in here["Resources"].items() if there["Resources"].get(name) != entry} == {}
    assert here == there


def test_the_laptop_needs_no_layer_and_no_image(local: Synthesis) -> None:
    assert not local.of_type("AWS::Lambda::LayerVersion")
    scoring = local.functions()["tuner-score-answers"]
    assert scoring["Handler"] == "lambdas.score_answers.handler"
    assert scoring["Environment"]["Variables"]["BERTSCORE_MODEL"] == "all-MiniLM-L6-v2"


def test_the_usual_deployment_has_the_plain_name() -> None:
    assert stack_name(DeploymentSettings()) == "BedrockTuner"
    assert stack_name(DeploymentSettings(name="faq")) == "BedrockTuner-faq"


def test_cdk_json_shows_the_defaults() -> None:
    context = json.loads((CHECKOUT / "cdk.json").read_text())["context"]
    assert deployment_settings(context) == DeploymentSettings()
    assert not {"quiet_seconds", "training_polling", "serving_polling"} & set(context), "these are shorter on a laptop"
