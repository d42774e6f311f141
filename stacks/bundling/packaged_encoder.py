"""Builds the default encoder from the weights in its Python package, without PyTorch.

The result is compared with PyTorch's vectors of the probes. These are in a file, which a test computes again.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np

from stacks.bundling.encoders import Wanted
from stacks.bundling.probes import PROBES, Array, check, probed
from tuner.catalog.encoders import PACKAGED, encoders
from tuner.evaluation.encoder.embedding import unit
from tuner.evaluation.encoder.files import file_digest
from tuner.evaluation.encoder.manifest import MODEL, TOKENIZER, EncoderManifest

# (probes, dimensions): for each probe the mean of its tokens' unit vectors.
REFERENCE = Path(__file__).parent / f"{PACKAGED}.npy"


def is_whole(asked: Wanted) -> bool:
    """Whether this is the default encoder with all its layers, which the reference vectors are of."""
    return asked.model == PACKAGED and asked.layer == encoders()[PACKAGED].layer


def write(folder: Path, asked: Wanted) -> EncoderManifest:
    """Writes the encoder's model and tokenizer into a folder.

    Raises BuildError if its vectors differ from PyTorch's, and ImportError if a package is not installed.
    """
    import onnx
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    from stacks.bundling.bert_graph import BertConfig, bert_model

    source = Path(importlib.import_module(str(asked.package)).MODEL_DIR)
    config = BertConfig.model_validate_json((source / "config.json").read_bytes())
    model = bert_model(config, load_file(source / "model.safetensors"))
    onnx.save_model(model, folder / MODEL, save_as_external_data=True, location=f"{MODEL}.data")
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(config.max_position_embeddings)
    tokenizer.save(str(folder / TOKENIZER))
    difference = float(np.abs(mean_vectors(folder, config.pad_token_id) - np.load(REFERENCE)).max())
    check(asked.model, difference)
    special = json.loads((source / "special_tokens_map.json").read_bytes())
    return EncoderManifest(
        name=asked.name,
        revision=asked.revision,
        layer=asked.layer,
        languages=asked.languages,
        baselines=dict(asked.baselines),
        longest=config.max_position_embeddings,
        padding=config.pad_token_id,
        silent=tuple(sorted(tokenizer.token_to_id(special[name]) for name in ("cls_token", "sep_token"))),
        added=tokenizer.num_special_tokens_to_add(is_pair=False),
        largest_difference=difference,
        files={path.name: file_digest(path) for path in sorted(folder.iterdir())},
    )


def mean_vectors(folder: Path, padding: int) -> Array:
    """For each probe in the padded batch, the mean of its tokens' unit vectors."""
    *_, (_, mask, found) = probed(folder, padding)
    assert len(mask) == len(PROBES)
    return np.stack([unit(vectors[real == 1]).mean(axis=0) for vectors, real in zip(found, mask, strict=True)])
