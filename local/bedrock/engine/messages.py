"""What the server and the inference process say to each other: one JSON object per line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from local.trainer.spec import Conversation, NetworkName

StopReason = Literal["end_turn", "max_tokens", "stop_sequence"]


class Weights(BaseModel):
    """A network, with an adapter merged in where it was tuned."""

    model_config = ConfigDict(frozen=True)

    network: NetworkName
    cache: Path
    adapter: Path | None = None


class Sampling(BaseModel):
    """How to pick tokens; temperature 0 is greedy."""

    model_config = ConfigDict(frozen=True)

    max_tokens: int = 512
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    stop_sequences: tuple[str, ...] = ()
    seed: int = 0


class Question(BaseModel):
    """A request to the inference process: continue the conversation."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["question"] = "question"
    id: int
    weights: Weights
    conversation: Conversation
    sampling: Sampling


class Texts(BaseModel):
    """A request to the inference process: the texts' sentence embeddings."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["texts"] = "texts"
    id: int
    texts: tuple[str, ...]


Request = Annotated[Question | Texts, Field(discriminator="kind")]
REQUEST: TypeAdapter[Question | Texts] = TypeAdapter(Request)


class Answer(BaseModel):
    """What comes back; `error` is set instead of the rest where there is no answer."""

    id: int
    vectors: list[list[float]] = []
    text: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    stop_reason: StopReason = "end_turn"
    stop_sequence: str | None = None
    too_long: bool = False
    error: str | None = None
