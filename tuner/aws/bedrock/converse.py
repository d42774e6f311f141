"""Bedrock's Converse: one question, one answer, whatever the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.aws.clients import client
from tuner.aws.error_mapping import code_of, message_of, translated
from tuner.core.errors import EndpointFailedError
from tuner.settings import InferenceSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer with what it cost."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Message:
    """What one side (`user` or `assistant`) said."""

    role: str
    text: str


class Conversation:
    """Calls: bedrock:InvokeModel, which is what authorises Converse."""

    def __init__(self, api: Any = None, region: str | None = None) -> None:
        # One attempt: who asks sees every throttling, and slows down.
        self._api = api or client("bedrock-runtime", region, attempts=1)

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        """Asks a model id, an inference profile, or the ARN of a throughput or deployment.

        `earlier` is what was said before the question, the user first, in turns. Raises EndpointFailedError when the
        endpoint is not there.
        """
        with translated(f"ask {endpoint}"):
            try:
                answer = self._api.converse(**_members(endpoint, question, system, inference, earlier))
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise EndpointFailedError(
                        f"{endpoint} is not there to be asked: {message_of(error)}{_perhaps_legacy(endpoint)}"
                    ) from error
                raise
        content = answer["output"]["message"]["content"]
        return Reply(
            text="".join(part.get("text", "") for part in content),
            stop_reason=answer["stopReason"],
            input_tokens=answer["usage"]["inputTokens"],
            output_tokens=answer["usage"]["outputTokens"],
            latency_ms=answer["metrics"]["latencyMs"],
        )


def _perhaps_legacy(endpoint: str) -> str:
    """What else a base model's absence may mean. Sources: Amazon Bedrock User Guide, "Model lifecycle" (2026)."""
    if endpoint.startswith("arn:"):
        return ""
    return (
        " A LEGACY model also answers so in an account that did not use it for some weeks (AWS has named 15 and 30 "
        "days): then choose another base_model."
    )


def _members(
    endpoint: str, question: str, system: str | None, inference: InferenceSettings, earlier: Sequence[Message]
) -> dict[str, Any]:
    settings: dict[str, Any] = {"maxTokens": inference.max_tokens, "temperature": inference.temperature}
    if inference.top_p is not None:
        settings["topP"] = inference.top_p
    if inference.stop_sequences:
        settings["stopSequences"] = list(inference.stop_sequences)
    members: dict[str, Any] = {
        "modelId": endpoint,
        "messages": [
            {"role": message.role, "content": [{"text": message.text}]}
            for message in (*earlier, Message("user", question))
        ],
        "inferenceConfig": settings,
    }
    if system:
        members["system"] = [{"text": system}]
    return members
