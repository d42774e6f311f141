"""Keeps the most recently used networks in memory, those of custom models with their adapter merged in."""

from __future__ import annotations

from collections import OrderedDict

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
        # Without dropout, so that the same request gives the same answer.
        model.train(False)
        return model, tokenizer
