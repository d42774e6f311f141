"""Encodes conversations as token ids, and batches them with little padding."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from local.trainer.chat import encode, pieces
from local.trainer.spec import Conversation

# The label that cross_entropy ignores.
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Example:
    """A record as token ids. `labels` are IGNORED except for the assistant's text."""

    tokens: list[int]
    labels: list[int]

    @property
    def learnt(self) -> int:
        """The number of tokens that count in the loss."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded examples: token ids, attention mask and labels, each of shape (examples, max_tokens)."""

    tokens: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


def read_examples(path: Path, tokenizer: PreTrainedTokenizerFast, max_tokens: int) -> list[Example]:
    """Encodes a JSONL file of `Conversation`. A longer record is cut to its last `max_tokens` tokens.

    Raises:
        ValueError: the last `max_tokens` tokens of a record contain nothing to learn.
    """
    examples = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            example = _encode(Conversation.model_validate_json(line), tokenizer, max_tokens)
            if example.learnt == 0:
                raise ValueError(
                    f"{path.name}, line {number}: the last {max_tokens} tokens have no text of the assistant. "
                    "Shorten the record."
                )
            examples.append(example)
    return examples


def _encode(conversation: Conversation, tokenizer: PreTrainedTokenizerFast, max_tokens: int) -> Example:
    encoded = encode(pieces(conversation), tokenizer)
    tokens = [token for token, _ in encoded]
    labels = [token if learnt else IGNORED for token, learnt in encoded]
    return Example(tokens[-max_tokens:], labels[-max_tokens:])


def shuffled(examples: Sequence[Example], batch_size: int, seed: int) -> Iterator[list[Example]]:
    """One epoch: batches of the examples in a random order."""
    order = list(examples)
    # The seed contains the epoch, so each epoch has another order.
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def micro_batches(examples: Sequence[Example], padding: int, max_tokens: int) -> Iterator[Batch]:
    """Batches of examples with similar lengths, each with at most `max_tokens` tokens, padding included."""
    group: list[Example] = []
    # Examples of similar length need little padding.
    for example in sorted(examples, key=lambda example: len(example.tokens)):
        if group and (len(group) + 1) * len(example.tokens) > max_tokens:
            yield _padded(group, padding)
            group = []
        group.append(example)
    if group:
        yield _padded(group, padding)


def _padded(examples: Sequence[Example], padding: int) -> Batch:
    longest = max(len(example.tokens) for example in examples)

    def rows(values: list[list[int]], filler: int) -> torch.Tensor:
        return torch.tensor([row + [filler] * (longest - len(row)) for row in values])

    return Batch(
        tokens=rows([example.tokens for example in examples], padding),
        mask=rows([[1] * len(example.tokens) for example in examples], 0),
        labels=rows([example.labels for example in examples], IGNORED),
    )
