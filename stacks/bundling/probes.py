"""Texts on which a built encoder is compared with the original model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stacks.bundling.errors import BuildError
from tuner.evaluation.encoder.manifest import MODEL, TOKENIZER

Array = np.ndarray[Any, Any]

TOLERANCE = 1e-4
PROBES = (
    "An agent orchestrates calls to models, tools and knowledge bases.",
    "Yes.",
    "日本の首都は東京です。 Ünïcödé, punctuation: (1) «quotes»; 3.14!",
    "Provisioned throughput is bought by the model unit and the hour. " * 12,
    "long " * 2_000,
)


def probed(folder: Path, padding: int) -> Iterator[tuple[Array, Array, Array]]:
    """Runs the model in a folder on each probe alone, then on all in one batch.

    Yields token ids and attention mask, both (texts, tokens), and the vectors (texts, tokens, dimensions).
    """
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    rows = [tokenizer.encode(text).ids for text in PROBES]
    session = onnxruntime.InferenceSession(str(folder / MODEL), providers=["CPUExecutionProvider"])
    for texts in (*([row] for row in rows), rows):
        shape = (len(texts), max(map(len, texts)))
        tokens, mask = np.full(shape, padding, np.int64), np.zeros(shape, np.int64)
        for index, row in enumerate(texts):
            tokens[index, : len(row)], mask[index, : len(row)] = row, 1
        (found,) = session.run(None, {"input_ids": tokens, "attention_mask": mask})
        yield tokens, mask, found


def check(model: str, difference: float) -> None:
    """Raises BuildError if the vectors differ from the original model's by more than the tolerance."""
    if difference > TOLERANCE:
        raise BuildError(
            f"The exported encoder '{model}' differs from the original by {difference:.2g}, more than {TOLERANCE:g}. "
            "The build rejects it. Please report this with the versions of onnx, onnxruntime and torch."
        )
