"""The messages between the server and the inference process: one JSON object per line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.trainer.spec import Conversation, NetworkName

StopReason = Literal["end_turn", "max_tokens", "stop_sequence"]


class Weights(BaseModel):
    """A base network, and the adapter of a custom model that is merged into it."""

    # Frozen models are hashable, and WeightsCache uses this one as its key.
    model_config = ConfigDict(frozen=True)

    network: NetworkName
    cache: Path
    adapter: Path | None = None


class Sampling(BaseModel):
    """Sampling parameters. Temperature 0 is greedy decoding."""

    model_config = ConfigDict(frozen=True)

    max_tokens: int = 512
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    stop_sequences: tuple[str, ...] = ()
    seed: int = 0


class GenerationRequest(BaseModel):
    """A request for the continuation of a conversation."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["generation"] = "generation"
    id: int
    weights: Weights
    conversation: Conversation
    sampling: Sampling


class EmbeddingRequest(BaseModel):
    """A request for the sentence embeddings of texts."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["embedding"] = "embedding"
    id: int
    texts: tuple[str, ...]


Request = GenerationRequest | EmbeddingRequest
REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


class InferenceResult(BaseModel):
    """The result of a request: `vectors` or `text`. If the request failed, only `error` is set."""

    id: int
    vectors: list[list[float]] = []
    text: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    stop_reason: StopReason = "end_turn"
    stop_sequence: str | None = None
    too_long: bool = False
    error: str | None = None
