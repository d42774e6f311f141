"""Several prompts continued at once by one network, each with its own sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import DynamicCache, LlamaForCausalLM, PreTrainedTokenizerFast

from local.bedrock.engine.messages import Answer, Question, StopReason
from local.trainer.chat import encode, prompt_pieces

LONGEST_CONTEXT = 8192


@dataclass(slots=True, eq=False)
class Row:
    """One prompt of the batch and what has been said so far."""

    question: Question
    prompt: list[int]
    random: torch.Generator
    said: list[int] = field(default_factory=list)
    text: str = ""
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None

    def answer(self) -> Answer:
        """As it goes back to the server."""
        return Answer(
            id=self.question.id,
            text=self.text,
            input_tokens=len(self.prompt),
            output_tokens=len(self.said),
            stop_reason=self.stop_reason or "end_turn",
            stop_sequence=self.stop_sequence,
        )


@torch.inference_mode()
def generate(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, questions: Sequence[Question]
) -> list[Answer]:
    """Answer all questions; those whose prompt does not fit the context are answered with `too_long`."""
    rows = [_row(question, tokenizer) for question in questions]
    fitting = [row for row in rows if len(row.prompt) + 1 <= LONGEST_CONTEXT]
    answers = [Answer(id=row.question.id, too_long=True) for row in rows if row not in fitting]
    if fitting:
        _continue(model, tokenizer, fitting)
    return answers + [row.answer() for row in fitting]


def _row(question: Question, tokenizer: PreTrainedTokenizerFast) -> Row:
    ids = [token for token, _ in encode(prompt_pieces(question.conversation), tokenizer)]
    return Row(question, ids, torch.Generator().manual_seed(question.sampling.seed))


def _continue(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: list[Row]) -> None:
    longest = max(len(row.prompt) for row in rows)
    # Prompts end together: padding stands on the left, masked, and does not count as a position.
    padding = [longest - len(row.prompt) for row in rows]
    tokens = torch.tensor([[0] * pad + row.prompt for pad, row in zip(padding, rows, strict=True)])
    mask = torch.tensor([[0] * pad + [1] * len(row.prompt) for pad, row in zip(padding, rows, strict=True)])
    cache = DynamicCache(config=model.config)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    active = list(rows)
    while True:
        output = model(
            input_ids=tokens,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits = output.logits[:, -1].float()
        for row, scores in zip(active, logits, strict=True):
            _take(row, _pick(scores, row), tokenizer)
        going = [index for index, row in enumerate(active) if row.stop_reason is None]
        if not going:
            return
        if len(going) < len(active):
            active = [active[index] for index in going]
            kept = torch.tensor(going)
            cache.batch_select_indices(kept)
            mask, positions = mask[kept], positions[kept]
        tokens = torch.tensor([[row.said[-1]] for row in active])
        mask = torch.cat([mask, torch.ones(len(active), 1, dtype=mask.dtype)], dim=-1)
        positions = positions[:, -1:] + 1


def _take(row: Row, token: int, tokenizer: PreTrainedTokenizerFast) -> None:
    sampling = row.question.sampling
    if token == tokenizer.eos_token_id:
        row.said.append(token)
        row.stop_reason = "end_turn"
    else:
        row.said.append(token)
        if len(row.said) >= sampling.max_tokens or len(row.prompt) + len(row.said) >= LONGEST_CONTEXT:
            row.stop_reason = "max_tokens"
    if row.stop_reason or sampling.stop_sequences:
        row.text = str(tokenizer.decode(row.said, skip_special_tokens=True)).strip()
        for sequence in sampling.stop_sequences:
            if sequence in row.text:
                row.text = row.text.split(sequence)[0]
                row.stop_reason, row.stop_sequence = "stop_sequence", sequence


def _pick(scores: torch.Tensor, row: Row) -> int:
    sampling = row.question.sampling
    if sampling.temperature == 0:
        return int(scores.argmax())
    likely, tokens = torch.softmax(scores / sampling.temperature, dim=-1).sort(descending=True)
    # The nucleus: the fewest tokens whose probabilities reach top_p, at least one.
    keep = likely.cumsum(-1) - likely < sampling.top_p
    if sampling.top_k:
        keep[sampling.top_k :] = False
    keep[0] = True
    return int(tokens[torch.multinomial(likely * keep, 1, generator=row.random)])
