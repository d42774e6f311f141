"""What calls, training, throughput and stored models would cost."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

import pytest

from tests.unit.local.bedrock.conftest import NOVA, change_settings, converse_record, lines
from tuner import catalog

PRICED = "amazon.nova-micro-v1:0"
JUDGE = "us.amazon.nova-pro-v1:0"
TOOL = {
    "name": "grade",
    "inputSchema": {"json": {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}},
}
FORCED = {"tools": [{"toolSpec": TOOL}], "toolChoice": {"tool": {"name": "grade"}}}
TEXT = "<question>q</question><reference>r</reference><answer>a</answer>"


@pytest.fixture
def charges(bedrock):
    def found():
        handler = bedrock.handlers()["bedrock"]
        status, _, answer = asyncio.run(handler("GET", "/_local/bedrock/charges", {}, b"", {}))
        assert status == 200
        by_item = defaultdict(list)
        for charge in json.loads(answer):
            by_item[charge["item"]].append(charge)
        return dict(by_item)

    return found


@pytest.fixture
def model(control, storage, job_request, finish):
    """The ARN of a custom model of Nova Micro, trained with 40 records in 2 epochs."""
    storage.objects["in/train.jsonl"] = lines(converse_record, 40)
    del job_request["validationDataConfig"]
    job_request |= {"baseModelIdentifier": NOVA, "hyperParameters": {"epochCount": "2"}}
    control.create_model_customization_job(**job_request)
    return finish("first-job").outputModelArn


def ask(runtime, model_id, **more):
    message = {"role": "user", "content": [{"text": TEXT}]}
    return runtime.converse(modelId=model_id, messages=[message], inferenceConfig={"maxTokens": 10}, **more)


def test_a_call_costs_its_tokens_at_the_price_of_its_model(runtime, charges):
    usage = ask(runtime, PRICED)["usage"]
    found = charges()
    assert [len(found[item]) for item in ("input", "output")] == [1, 1]
    assert (found["input"][0]["quantity"], found["output"][0]["quantity"]) == (
        usage["inputTokens"],
        usage["outputTokens"],
    )
    assert found["input"][0]["usd"] == pytest.approx(usage["inputTokens"] * 3.5e-8)
    assert found["output"][0]["resource"] == PRICED


def test_a_call_that_is_refused_costs_nothing(bedrock, runtime, charges):
    change_settings(bedrock, judge_denied_after=0)
    with pytest.raises(runtime.exceptions.AccessDeniedException):
        ask(runtime, JUDGE, toolConfig=FORCED)
    assert charges() == {}


def test_training_costs_tokens_times_epochs_and_a_model_each_begun_month(bedrock, model, control, charges, clock):
    [training], [storage] = charges()["training"], charges()["storage"]
    characters = [len(f"You answer briefly.What is service {n}?Service {n} stores things.") for n in range(40)]
    per_token = catalog.model(NOVA).family.characters_per_token
    assert training["quantity"] == 2 * sum(int(each / per_token) for each in characters)
    assert training["usd"] == pytest.approx(training["quantity"] * 1e-6)
    assert (storage["quantity"], storage["usd"]) == (1, 1.95)
    clock.advance(31 * 86400)
    assert charges()["storage"][0]["quantity"] == 2
    control.delete_custom_model(modelIdentifier=model)
    clock.advance(90 * 86400)
    assert charges()["storage"][0]["quantity"] == 2, "nothing is paid for after the deletion"


def test_training_costs_a_token_for_each_byte_of_the_file_with_that_setting(bedrock, storage, request, charges):
    change_settings(bedrock, byte_tokens=True)
    request.getfixturevalue("model")
    assert charges()["training"][0]["quantity"] == 2 * len(storage.objects["in/train.jsonl"])


def test_throughput_costs_begun_hours_and_its_calls_nothing(model, control, runtime, charges, clock):
    arn = control.create_provisioned_model_throughput(modelUnits=2, provisionedModelName="t", modelId=model)
    clock.advance(5)
    ask(runtime, arn["provisionedModelArn"])
    found = charges()
    assert found["throughput"][0]["quantity"] == 2
    assert [charge["usd"] for charge in found["input"] + found["output"]] == [0, 0]
    clock.advance(3600)
    assert charges()["throughput"][0]["quantity"] == 4


def test_a_deployment_on_demand_costs_its_tokens_only(model, control, runtime, charges, clock):
    arn = control.create_custom_model_deployment(modelDeploymentName="d", modelArn=model)["customModelDeploymentArn"]
    clock.advance(5)
    ask(runtime, arn)
    found = charges()
    assert "throughput" not in found
    assert found["custom_output"][0]["usd"] == pytest.approx(found["custom_output"][0]["quantity"] * 1.4e-7)


def test_the_account_survives_a_restart(bedrock, runtime, charges):
    ask(runtime, PRICED)
    before = charges()
    reopened = type(bedrock.state)(bedrock.state.store.folder, bedrock.state.settings, bedrock.state.clock)
    bedrock.state.store = reopened.store
    assert charges() == before


def test_endless_answers_end_at_the_limit_of_tokens(bedrock, runtime):
    change_settings(bedrock, bad_answers="endless")
    reply = ask(runtime, PRICED)
    assert (reply["stopReason"], reply["usage"]["outputTokens"]) == ("max_tokens", 10)
    assert len(reply["output"]["message"]["content"][0]["text"]) > 8 * 10


@pytest.mark.parametrize(("kind", "reason"), [("malformed", "tool_use"), ("truncated", "max_tokens")])
def test_bad_replies_with_a_tool_cost_all_tokens(bedrock, runtime, charges, kind, reason):
    change_settings(bedrock, bad_answers=kind)
    reply = ask(runtime, JUDGE, toolConfig=FORCED)
    block = reply["output"]["message"]["content"][0]
    assert reply["stopReason"] == reason
    assert block["toolUse"]["input"]["score"] is None if kind == "malformed" else "toolUse" not in block
    assert charges()["output"][0]["quantity"] == 10


def test_a_token_for_each_byte_of_texts_and_tools(bedrock, runtime, model, charges):
    change_settings(bedrock, byte_tokens=True)
    ask(runtime, PRICED)
    ask(runtime, JUDGE, toolConfig=FORCED)
    plain, with_tool = (charge["quantity"] for charge in charges()["input"])
    assert plain == len(TEXT) + 32
    assert with_tool == plain + len(json.dumps(TOOL)) + 804
