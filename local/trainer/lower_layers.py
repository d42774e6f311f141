"""The layers below the adapters. They are not trained, so their states of a record are computed once and kept."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from transformers import LlamaForCausalLM, LlamaModel
from transformers.masking_utils import create_causal_mask

from local.trainer.data import Batch


class LowerLayers:
    """The embedding and the lowest `count` layers of a network.

    The states of at most `max_kept_tokens` tokens are kept. Those of further records are computed in each epoch.
    """

    def __init__(self, network: LlamaForCausalLM, count: int, max_kept_tokens: int) -> None:
        self._network = network.model
        self._layers = network.model.layers[:count]
        # By the tokens of the record, without padding: a record has other neighbors in each epoch.
        self._kept: dict[tuple[int, ...], torch.Tensor] = {}
        self._room = max_kept_tokens

    @torch.no_grad()
    def states(self, batch: Batch) -> torch.Tensor:
        """The states of the batch after these layers, of shape (examples, max_tokens, hidden_size).

        The values at padding mean nothing; the layers above mask them.
        """
        lengths = batch.mask.sum(dim=1).tolist()
        records = [tuple(row[:length]) for row, length in zip(batch.tokens.tolist(), lengths, strict=True)]
        if any(record not in self._kept for record in records):
            computed = through(self._layers, self._network, self._network.embed_tokens(batch.tokens), batch.mask)
            for record, states in zip(records, computed, strict=True):
                self._keep(record, states)
            return computed
        longest = batch.tokens.shape[1]
        padded = (torch.nn.functional.pad(self._kept[each], (0, 0, 0, longest - len(each))) for each in records)
        return torch.stack(list(padded))

    def _keep(self, record: tuple[int, ...], states: torch.Tensor) -> None:
        if record not in self._kept and len(record) <= self._room:
            self._kept[record] = states[: len(record)].clone()
            self._room -= len(record)


def through(
    layers: Iterable[torch.nn.Module], network: LlamaModel, states: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """The right-padded states after some layers of a network, computed as in its own `forward`.

    States have the shape (examples, max_tokens, hidden_size), and the mask has (examples, max_tokens).
    """
    positions = torch.arange(states.shape[1]).unsqueeze(0)
    causal = create_causal_mask(
        config=network.config,
        inputs_embeds=states,
        attention_mask=mask,
        past_key_values=None,
        position_ids=positions,
    )
    rotary = network.rotary_emb(states, position_ids=positions)
    for layer in layers:
        states = layer(states, attention_mask=causal, position_ids=positions, position_embeddings=rotary)
    return states
