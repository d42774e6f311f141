"""Generates text for several prompts at once with one network. Each prompt has its own sampling parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from transformers import DynamicCache, LlamaForCausalLM, PreTrainedTokenizerFast

from local.bedrock.engine.messages import GenerationRequest, InferenceResult, StopReason
from local.trainer.chat import encode, prompt_pieces

MAX_CONTEXT_TOKENS = 8192


@dataclass(slots=True, eq=False)
class Row:
    """One prompt of the batch, and the tokens generated so far."""

    request: GenerationRequest
    prompt: list[int]
    random: torch.Generator
    generated: list[int] = field(default_factory=list)
    text: str = ""
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None

    def result(self) -> InferenceResult:
        """The result for the server."""
        return InferenceResult(
            id=self.request.id,
            text=self.text,
            input_tokens=len(self.prompt),
            output_tokens=len(self.generated),
            stop_reason=self.stop_reason or "end_turn",
            stop_sequence=self.stop_sequence,
        )


@torch.inference_mode()
def generate(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, requests: Sequence[GenerationRequest]
) -> list[InferenceResult]:
    """The results of all requests. A prompt that does not fit into the context gets the result `too_long`."""
    rows = [_row(request, tokenizer) for request in requests]
    fitting = [row for row in rows if len(row.prompt) + 1 <= MAX_CONTEXT_TOKENS]
    too_long = [InferenceResult(id=row.request.id, too_long=True) for row in rows if row not in fitting]
    if fitting:
        _generate(model, tokenizer, fitting)
    return too_long + [row.result() for row in fitting]


def _row(request: GenerationRequest, tokenizer: PreTrainedTokenizerFast) -> Row:
    ids = [token for token, _ in encode(prompt_pieces(request.conversation), tokenizer)]
    return Row(request, ids, torch.Generator().manual_seed(request.sampling.seed))


def _generate(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, rows: list[Row]) -> None:
    longest = max(len(row.prompt) for row in rows)
    # Left padding: all prompts end at the same index. Padding is masked and gets no position.
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
            _append(row, _sample(scores, row), tokenizer)
        unfinished = [index for index, row in enumerate(active) if row.stop_reason is None]
        if not unfinished:
            return
        # Finished prompts leave the batch, so that each step computes only what is still needed.
        if len(unfinished) < len(active):
            active = [active[index] for index in unfinished]
            kept = torch.tensor(unfinished)
            cache.batch_select_indices(kept)
            mask, positions = mask[kept], positions[kept]
        tokens = torch.tensor([[row.generated[-1]] for row in active])
        mask = torch.cat([mask, torch.ones(len(active), 1, dtype=mask.dtype)], dim=-1)
        positions = positions[:, -1:] + 1


def _append(row: Row, token: int, tokenizer: PreTrainedTokenizerFast) -> None:
    sampling = row.request.sampling
    if token == tokenizer.eos_token_id:
        row.generated.append(token)
        row.stop_reason = "end_turn"
    else:
        row.generated.append(token)
        if len(row.generated) >= sampling.max_tokens or len(row.prompt) + len(row.generated) >= MAX_CONTEXT_TOKENS:
            row.stop_reason = "max_tokens"
    # Decoding after every token is slow. It is needed only to find stop sequences, and at the end.
    if row.stop_reason or sampling.stop_sequences:
        row.text = str(tokenizer.decode(row.generated, skip_special_tokens=True)).strip()
        for sequence in sampling.stop_sequences:
            if sequence in row.text:
                row.text = row.text.split(sequence)[0]
                row.stop_reason, row.stop_sequence = "stop_sequence", sequence


def _sample(scores: torch.Tensor, row: Row) -> int:
    sampling = row.request.sampling
    if sampling.temperature == 0:
        return int(scores.argmax())
    probabilities, tokens = torch.softmax(scores / sampling.temperature, dim=-1).sort(descending=True)
    # Nucleus sampling: the most probable tokens until their sum reaches top_p, and at least one.
    keep = probabilities.cumsum(-1) - probabilities < sampling.top_p
    if sampling.top_k:
        keep[sampling.top_k :] = False
    keep[0] = True
    return int(tokens[torch.multinomial(probabilities * keep, 1, generator=row.random)])
