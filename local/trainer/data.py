"""Conversations to token ids, and token ids to batches without needless padding."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import PreTrainedTokenizerFast

from local.trainer.chat import encode, pieces
from local.trainer.spec import Conversation

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Example:
    """A record as the network sees it; `labels` are IGNORED wherever the text is not the assistant's."""

    tokens: list[int]
    labels: list[int]

    @property
    def learnt(self) -> int:
        """How many tokens count in the loss."""
        return sum(label != IGNORED for label in self.labels)


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded examples: token ids, attention mask and labels, each of shape (examples, longest)."""

    tokens: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


def read_examples(path: Path, tokenizer: PreTrainedTokenizerFast, longest: int) -> list[Example]:
    """Encode a JSONL file of `Conversation`; a record over `longest` tokens is cut from the left of its prompt.

    Raises:
        ValueError: a record has nothing to learn within `longest` tokens.
    """
    examples = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            example = _encode(Conversation.model_validate_json(line), tokenizer, longest)
            if example.learnt == 0:
                raise ValueError(f"{path.name}, line {number}: no words of the assistant within {longest} tokens.")
            examples.append(example)
    return examples


def _encode(conversation: Conversation, tokenizer: PreTrainedTokenizerFast, longest: int) -> Example:
    encoded = encode(pieces(conversation), tokenizer)
    tokens = [token for token, _ in encoded]
    labels = [token if learnt else IGNORED for token, learnt in encoded]
    return Example(tokens[-longest:], labels[-longest:])


def shuffled(examples: Sequence[Example], batch_size: int, seed: int) -> Iterator[list[Example]]:
    """One epoch: the examples in a random order, `batch_size` at a time."""
    order = list(examples)
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def micro_batches(examples: Sequence[Example], padding: int, most_tokens: int) -> Iterator[Batch]:
    """Examples of like length together, no more than `most_tokens` (padding included) at a time."""
    group: list[Example] = []
    for example in sorted(examples, key=lambda example: len(example.tokens)):
        if group and (len(group) + 1) * len(example.tokens) > most_tokens:
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
