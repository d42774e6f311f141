"""InvokeModel and Converse: bodies, errors and model ids. The answers of the network are fixed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from local.bedrock.engine.messages import InferenceResult
from local.bedrock.runtime.bodies.llama_prompt import parse_llama_prompt
from local.bedrock.runtime.inference import NO_MODEL
from tests.unit.local.bedrock.conftest import HAIKU, change_settings

ARN = "arn:aws:bedrock:us-east-1:000000000000"
HAIKU_BASE = "anthropic.claude-3-haiku-20240307-v1:0"
ASK = [{"role": "user", "content": [{"text": "What is S3?"}]}]


@pytest.fixture
def asked(bedrock, monkeypatch):
    """The requests to the network, which always gives the same answer."""
    change_settings(bedrock, engine="tiny")
    questions = []

    def ask(weights, conversation, sampling, threads, timeout):
        questions.append((weights, conversation, sampling))
        return InferenceResult(id=1, text="Storage.", input_tokens=7, output_tokens=3, stop_reason="max_tokens")

    monkeypatch.setattr(bedrock.inference, "ask", ask)
    return questions


def invoke(runtime, model_id, body):
    reply = runtime.invoke_model(modelId=model_id, body=json.dumps(body))
    return json.loads(reply["body"].read()), reply["ResponseMetadata"]["HTTPHeaders"]


def test_anthropics_body(runtime, asked):
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "system": "Be brief.",
        "temperature": 0.5,
        "top_p": 0.8,
        "top_k": 4,
        "stop_sequences": ["END"],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is S3?"}]}],
    }
    answer, headers = invoke(runtime, HAIKU_BASE, body)
    assert answer["content"] == [{"type": "text", "text": "Storage."}]
    assert (answer["stop_reason"], answer["usage"]) == ("max_tokens", {"input_tokens": 7, "output_tokens": 3})
    assert (headers["x-amzn-bedrock-output-token-count"], headers["x-local-stand-in"]) == (
        "3",
        "tiny random-weight network",
    )
    (_, conversation, sampling) = asked[0]
    assert (conversation.system, conversation.turns[0].text) == ("Be brief.", "What is S3?")
    assert sampling.model_dump(exclude={"seed"}) == {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.8,
        "top_k": 4,
        "stop_sequences": ("END",),
    }


def test_novas_body(runtime, asked):
    body = {
        "system": [{"text": "Be brief."}],
        "messages": ASK,
        "inferenceConfig": {"maxTokens": 9, "temperature": 0, "stopSequences": ["END"]},
    }
    answer, _ = invoke(runtime, "amazon.nova-micro-v1:0", body)
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "Storage."}]}
    assert answer["usage"] == {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}
    assert (asked[0][2].max_tokens, asked[0][2].temperature) == (9, 0)


def test_llamas_body_and_its_template(runtime, asked):
    prompt = (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nWhat is S3?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )
    answer, _ = invoke(runtime, "meta.llama3-1-8b-instruct-v1:0", {"prompt": prompt, "max_gen_len": 9})
    assert (answer["generation"], answer["stop_reason"]) == ("Storage.", "length")
    assert (asked[0][1].system, [turn.text for turn in asked[0][1].turns]) == ("Be brief.", ["What is S3?"])
    assert parse_llama_prompt("plain").turns[0].text == "plain"


def test_titans_and_coheres_bodies(runtime, asked):
    answer, _ = invoke(runtime, "amazon.titan-text-express-v1", {"inputText": "What is S3?"})
    assert answer["results"][0] == {"tokenCount": 3, "outputText": "Storage.", "completionReason": "LENGTH"}
    answer, _ = invoke(runtime, "cohere.command-text-v14", {"prompt": "What is S3?", "p": 0.5})
    assert answer["generations"][0]["finish_reason"] == "MAX_TOKENS"
    assert asked[1][2].top_p == 0.5


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not valid JSON"),
        ("{}", "#/anthropic_version: Field required; #/max_tokens: Field required"),
        ('{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": [], "foo": 1}', "#/foo: Extra"),
        ('{"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": []}', "start with a user message"),
    ],
)
def test_a_malformed_body_is_refused_with_all_findings(runtime, body, message):
    with pytest.raises(ClientError, match=message) as caught:
        runtime.invoke_model(modelId=HAIKU_BASE, body=body)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_converse(runtime, asked):
    reply = runtime.converse(
        modelId="us.amazon.nova-micro-v1:0",
        system=[{"text": "Be brief."}],
        messages=[*ASK, {"role": "assistant", "content": [{"text": "Hm."}]}, *ASK],
        inferenceConfig={"maxTokens": 5, "temperature": 0, "topP": 0.9, "stopSequences": ["x"]},
    )
    assert reply["output"]["message"]["content"] == [{"text": "Storage."}]
    assert (reply["stopReason"], reply["usage"]["totalTokens"]) == ("max_tokens", 10)
    (_, conversation, sampling) = asked[0]
    assert [turn.role for turn in conversation.turns] == ["user", "assistant", "user"]
    assert (sampling.max_tokens, sampling.top_p, sampling.stop_sequences) == (5, 0.9, ("x",))


def test_an_image_is_refused(runtime):
    block = {"image": {"format": "png", "source": {"bytes": b"x"}}}
    with pytest.raises(ClientError, match="texts and documents only; found image"):
        runtime.converse(modelId="amazon.nova-micro-v1:0", messages=[{"role": "user", "content": [block]}])


@pytest.mark.parametrize(
    ("model_id", "code", "message"),
    [
        ("amazon.nova-none-v1:0", "ValidationException", "The provided model identifier is invalid"),
        (HAIKU, "ValidationException", "with on-demand throughput isn.t supported"),
        ("anthropic.claude-sonnet-4-6", "ValidationException", "inference profile that contains this model"),
        (f"{ARN}:provisioned-model/000000000000", "ResourceNotFoundException", "Could not find the model"),
        (f"{ARN}:custom-model-deployment/000000000000", "ResourceNotFoundException", "Could not find the model"),
    ],
)
def test_a_model_id_that_cannot_be_invoked_has_its_error(runtime, model_id, code, message):
    with pytest.raises(ClientError, match=message) as caught:
        runtime.converse(modelId=model_id, messages=ASK)
    assert caught.value.response["Error"]["Code"] == code


def test_a_model_past_its_end_of_life_is_refused(bedrock, runtime):
    change_settings(bedrock, lifecycle="aws")
    with pytest.raises(ClientError, match="reached the end of its life") as caught:
        runtime.converse(modelId=HAIKU_BASE, messages=ASK)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_instant_engine_answers_that_it_has_no_model(runtime):
    reply = runtime.converse(modelId="amazon.nova-micro-v1:0", messages=ASK)
    assert reply["output"]["message"]["content"][0]["text"] == NO_MODEL
    assert "local stand-in" in NO_MODEL


def test_claude_models_from_sonnet_4_5_on_refuse_temperature_with_top_p(runtime):
    ask = {"modelId": "us.anthropic.claude-sonnet-4-6", "messages": ASK}
    with pytest.raises(ClientError, match="cannot both be specified"):
        runtime.converse(**ask, inferenceConfig={"temperature": 0, "topP": 0.9})
    runtime.converse(**ask, inferenceConfig={"temperature": 0})
