"""Tests of tool calls: the request, with botocore's service model, and every kind of reply."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tuner.aws.bedrock.json_reply import ToolSchema
from tuner.aws.bedrock.tool_call import Attachment, Tool, ToolReply, fill_in_tool
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, ThrottledError

SCHEMA: ToolSchema = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
TOOL = Tool("grade", "Records the grade.", SCHEMA)
EXPECTED = {
    "modelId": "us.amazon.judge",
    "system": [{"text": "Be strict."}],
    "messages": [{"role": "user", "content": [{"text": "Grade this."}]}],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0.0},
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "grade",
                    "description": "Records the grade.",
                    "inputSchema": {"json": SCHEMA},
                }
            }
        ],
        "toolChoice": {"tool": {"name": "grade"}},
    },
}


def reply(*content: dict, stop: str = "tool_use") -> dict:
    return {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": stop,
        "usage": {"inputTokens": 12, "outputTokens": 3, "totalTokens": 15},
        "metrics": {"latencyMs": 5},
    }


@pytest.fixture
def bedrock() -> Any:
    return boto3.client("bedrock-runtime", region_name="us-east-1")


def ask(bedrock: Any) -> ToolReply:
    return fill_in_tool(
        "us.amazon.judge", "Be strict.", "Grade this.", TOOL, {"maxTokens": 100, "temperature": 0.0}, bedrock
    )


def test_a_reply_has_the_arguments_of_the_tool(bedrock: Any) -> None:
    used = {"toolUse": {"toolUseId": "t1", "name": "grade", "input": {"score": 8}}}
    with Stubber(bedrock) as stub:
        stub.add_response("converse", reply({"text": "Let me see."}, used), EXPECTED)
        got = ask(bedrock)
    assert (got.arguments, got.text, got.stop_reason) == ({"score": 8}, "Let me see.", "tool_use")
    assert (got.input_tokens, got.output_tokens, got.stand_in) == (12, 3, "")


def test_a_reply_names_the_local_stand_in(bedrock: Any) -> None:
    headers = {"ResponseMetadata": {"HTTPHeaders": {"x-local-stand-in": "similarity"}}}
    with Stubber(bedrock) as stub:
        stub.add_response("converse", {**reply(), **headers}, EXPECTED)
        assert ask(bedrock).stand_in == "similarity"


@pytest.mark.parametrize(
    "content",
    [({"text": "I would say 8/10."},), ({"toolUse": {"toolUseId": "t", "name": "other", "input": {"score": 8}}},), ()],
)
def test_without_the_tool_there_are_no_arguments(bedrock: Any, content: tuple) -> None:
    with Stubber(bedrock) as stub:
        stub.add_response("converse", reply(*content, stop="end_turn"), EXPECTED)
        assert ask(bedrock).arguments is None


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDeniedException", 403, AccessDeniedError),
        ("ThrottlingException", 429, ThrottledError),
        ("ServiceUnavailableException", 503, RetryableError),
        ("ModelErrorException", 424, RetryableError),
        ("ValidationException", 400, AwsError),
    ],
)
def test_errors_have_the_class_that_decides_about_a_retry(
    bedrock: Any, code: str, status: int, error: type[Exception]
) -> None:
    bedrock.meta.config.retries = {"total_max_attempts": 1}
    with Stubber(bedrock) as stub:
        for _ in range(5):
            stub.add_client_error("converse", code, "AWS's own words", status)
        with pytest.raises(error, match=r"ask the judge us\.amazon\.judge: .*AWS's own words"):
            ask(bedrock)


def test_documents_are_sent_before_the_text(bedrock: Any) -> None:
    block = {"document": {"name": "Document", "format": "pdf", "source": {"bytes": b"%PDF-1.7"}}}
    message = {"role": "user", "content": [block, {"text": "Grade this."}]}
    asked = ("us.amazon.judge", "Be strict.", "Grade this.", TOOL, {"maxTokens": 100, "temperature": 0.0}, bedrock)
    documents = [Attachment("Document", "pdf", b"%PDF-1.7")]
    with Stubber(bedrock) as stub:
        stub.add_response("converse", reply(), {**EXPECTED, "messages": [message]})
        fill_in_tool(*asked, documents=documents)
    bedrock.meta.config.retries = {"total_max_attempts": 1}
    with Stubber(bedrock) as stub:
        stub.add_client_error("converse", "ValidationException", "The model does not support documents.", 400)
        with pytest.raises(AwsError, match=r"ask the model us\.amazon\.judge: .* does not support documents"):
            fill_in_tool(*asked, documents=documents)
