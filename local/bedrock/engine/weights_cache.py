"""Keeps the most recently used networks in memory, those of custom models with their adapter merged in."""

from __future__ import annotations

from collections import OrderedDict

import torch
from peft import PeftModel
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from local.bedrock.engine.messages import Weights
from local.trainer.networks import load

MAX_NETWORKS = 3

Loaded = tuple[LlamaForCausalLM, PreTrainedTokenizerFast]


class WeightsCache:
    """An LRU cache of networks."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[Weights, Loaded] = OrderedDict()

    def get(self, weights: Weights) -> Loaded:
        """The network and its tokenizer, from memory if possible."""
        if weights not in self._loaded:
            while len(self._loaded) >= MAX_NETWORKS:
                self._loaded.popitem(last=False)
            self._loaded[weights] = self._load(weights)
        self._loaded.move_to_end(weights)
        return self._loaded[weights]

    def _load(self, weights: Weights) -> Loaded:
        model, tokenizer = load(weights.network, weights.cache)
        if weights.adapter:
            # Merged, an adapter costs no additional matrix product per token.
            model = PeftModel.from_pretrained(model, str(weights.adapter)).merge_and_unload()
        # With one new token per prompt, PyTorch's fused attention is faster: it copies no keys and values.
        model.set_attn_implementation("sdpa")
        if torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            _pack(model)
        # Without dropout, so that the same request gives the same answer.
        model.train(False)
        return model, tokenizer


def _pack(model: LlamaForCausalLM) -> None:
    """Stores the weights of all linear layers in the block order that oneDNN computes with."""
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, torch.nn.Linear):
                setattr(module, name, PackedLinear(layer))


class PackedLinear(torch.nn.Module):
    """A linear layer without bias, for inference only. PyTorch's own reorders its weights in each call.

    `torch.compile` uses the same two operations, but needs a C++ compiler on the machine.
    """

    def __init__(self, layer: torch.nn.Linear) -> None:
        super().__init__()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.detach(), None)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """`states`, of shape (..., in_features), times the transposed weights."""
        product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, self._weight, None, "none", [], "")
        return product
