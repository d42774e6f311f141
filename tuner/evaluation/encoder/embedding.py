"""Runs BERTScore's encoder with ONNX Runtime: a vector for every token of a text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from tuner.evaluation.encoder.manifest import MODEL, TOKENIZER, EncoderManifest

Array = np.ndarray[Any, Any]
T = TypeVar("T")
R = TypeVar("R")

# Small batches keep their activations in the processor's caches, and memory small.
_TOKENS_PER_BATCH = 512


@dataclass(frozen=True)
class TokenizedText:
    """A text as the encoder's token ids. A text longer than the encoder takes is truncated."""

    ids: Array
    truncated: bool


@dataclass(frozen=True)
class Embedded:
    """A text's tokens as vectors of length 1, and which of them count."""

    vectors: Array
    counts: Array
    truncated: bool


class Encoder:
    """Computes a vector for every token of a text. Texts of similar length share a batch, so that little is padding."""

    def __init__(self, manifest: EncoderManifest, folder: Path) -> None:
        self.manifest = manifest
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._threads = _processors()
        # Threads that share one operation wait for each other after every one of thousands. Whole batches, one per
        # processor, need no waiting.
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps what the largest batch needed
        # Errors only: in a function, each start would log a warning that the processor's type cannot be read.
        options.log_severity_level = 3
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(folder / MODEL), options, providers=providers)

    @property
    def bytes_per_token(self) -> int:
        """Memory of one token's vector."""
        return int(self._session.get_outputs()[0].shape[-1]) * np.dtype(np.float32).itemsize

    def tokenize(self, texts: Iterable[str]) -> dict[str, TokenizedText]:
        """The tokens of every distinct text, as arrays: the tokenizer's own objects need far more memory."""
        return {text: self._tokens(text) for text in set(texts)}

    def embed(self, texts: Mapping[str, TokenizedText]) -> dict[str, Embedded]:
        """The vectors of every text. The more texts a call has, the more alike are the lengths in a batch."""
        ordered = sorted(texts, key=lambda text: (len(texts[text].ids), text))
        batches: list[list[str]] = []
        while ordered:
            longest = max(1, len(texts[ordered[-1]].ids))
            batches.append([ordered.pop() for _ in range(min(len(ordered), max(1, _TOKENS_PER_BATCH // longest)))])
        computed = _in_parallel(
            lambda batch: self._vectors([texts[text].ids for text in batch]), batches, self._threads
        )
        return {
            text: self._embedded(texts[text], vectors)
            for batch, rows in zip(batches, computed, strict=True)
            for text, vectors in zip(batch, rows, strict=True)
        }

    def _tokens(self, text: str) -> TokenizedText:
        encoding = self._tokenizer.encode(text.strip())
        return TokenizedText(np.array(encoding.ids, dtype=np.int32), bool(encoding.overflowing))

    def _embedded(self, tokens: TokenizedText, vectors: Array) -> Embedded:
        """A text of no tokens but those that the tokenizer adds has no token that counts."""
        own = len(tokens.ids) > self.manifest.added
        counts = ~np.isin(tokens.ids, self.manifest.silent) & own
        return Embedded(vectors, counts, tokens.truncated)

    def _vectors(self, rows: Sequence[Array]) -> list[Array]:
        """Per row a matrix (tokens, dimensions) of vectors of length 1."""
        shape = (len(rows), max(map(len, rows)))
        tokens, mask = np.full(shape, self.manifest.padding, np.int64), np.zeros(shape, np.int64)
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = row
            mask[index, : len(row)] = 1
        (found,) = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})
        return [unit(found[index, : len(row)]) for index, row in enumerate(rows)]


def unit(vectors: Array) -> Array:
    """The vectors at length 1."""
    scaled: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled


def _processors() -> int:
    """The number of processors that this process may use: a container may have fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(work: Callable[[T], R], batches: Sequence[T], threads: int) -> list[R]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, batches))
