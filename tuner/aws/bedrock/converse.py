"""Invokes models with Bedrock's Converse API, which has the same form for all models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tuner.artifacts.dataset import Message
from tuner.aws.clients import Response, client
from tuner.aws.error_mapping import code_of, mapped_errors, message_of
from tuner.core.errors import EndpointFailedError
from tuner.core.strict_model import Json, JsonObject
from tuner.settings import InferenceSettings


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer, its tokens and its latency."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: int


class ConverseClient:
    """Asks models. Calls: bedrock:InvokeModel, the IAM action of Converse."""

    def __init__(self, api: Any = None) -> None:
        # One attempt: the caller must see every throttling to slow down.
        self._api = api or client("bedrock-runtime", attempts=1)

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        """Asks a model id, an inference profile, or the ARN of an endpoint.

        `earlier` holds the messages before the question: user and assistant in turns, the user first. Raises
        EndpointFailedError when the endpoint does not exist.
        """
        with mapped_errors(f"ask {endpoint}"):
            try:
                answer = self._api.converse(modelId=endpoint, **request_members(question, system, inference, earlier))
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    raise EndpointFailedError(
                        f"{endpoint} does not exist: {message_of(error)}{_legacy_hint(endpoint)}"
                    ) from error
                raise
        return reply_of(answer, answer["metrics"]["latencyMs"])


def reply_of(answer: Response, latency_ms: int) -> Reply:
    """The response of Converse, or the output of a record of a batch job, which has no latency of its own.

    Raises KeyError, TypeError or AttributeError for an output of another form.
    """
    # A reply may have several blocks; blocks without text, such as reasoning, are left out.
    content = answer["output"]["message"]["content"]
    return Reply(
        text="".join(part.get("text", "") for part in content),
        stop_reason=answer["stopReason"],
        input_tokens=_count(answer["usage"]["inputTokens"]),
        output_tokens=_count(answer["usage"]["outputTokens"]),
        latency_ms=latency_ms,
    )


def _count(tokens: object) -> int:
    """Raises TypeError for what is no number: botocore checks responses, and nobody the output of a batch job."""
    if type(tokens) is not int:
        raise TypeError(f"{type(tokens).__name__} is no number of tokens")
    return tokens


def _legacy_hint(endpoint: str) -> str:
    """Another reason why a base model may be missing. Source: Amazon Bedrock User Guide, "Model lifecycle" (2026)."""
    if endpoint.startswith("arn:"):
        return ""
    return (
        " Bedrock returns the same error for a LEGACY model that the account did not use for some weeks (AWS has named "
        "15 and 30 days): then choose another base_model."
    )


def request_members(
    question: str, system: str | None, inference: InferenceSettings, earlier: Sequence[Message] = ()
) -> JsonObject:
    """The members of a request to Converse beside the model, which are also those of a record of a batch job."""
    settings: dict[str, Json] = {"maxTokens": inference.max_tokens}
    if inference.temperature is not None:
        settings["temperature"] = inference.temperature
    # Some models refuse temperature and topP together, so topP is only sent when the run sets it.
    if inference.top_p is not None:
        settings["topP"] = inference.top_p
    if inference.stop_sequences:
        settings["stopSequences"] = list(inference.stop_sequences)
    members: dict[str, Json] = {
        "messages": [
            {"role": message.role, "content": [{"text": message.text}]}
            for message in (*earlier, Message(role="user", text=question))
        ],
        "inferenceConfig": settings,
    }
    if system:
        members["system"] = [{"text": system}]
    return members
