"""Exports other encoders than the default to ONNX with PyTorch, which only this and the local trainer need.

PyTorch's older, tracing exporter (`dynamo=False`) writes models that return wrong vectors, without an error. So every
export is compared with the original model, and a difference above 1e-4 fails the build.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from stacks.bundling.encoders import Wanted
from stacks.bundling.errors import BuildError
from stacks.bundling.probes import check, probed
from tuner.catalog.encoders import is_folder
from tuner.evaluation.encoder.embedding import unit
from tuner.evaluation.encoder.files import file_digest
from tuner.evaluation.encoder.manifest import MODEL, TOKENIZER, EncoderManifest

# Some tokenizers have no limit, which they express as a very large number. Then this limit applies.
_LONGEST = 512
# Attributes that hold the layers, in the architectures that bert-score supports.
_LAYERS = ("layer", "encoder.layer", "encoder.block", "encoder.layers", "transformer.layer", "layers")


def write(folder: Path, asked: Wanted) -> EncoderManifest:
    """Writes the encoder's model and tokenizer into a folder. Raises BuildError, or ImportError without PyTorch."""
    with _quiet():
        return _export_into(folder, asked, *_original(asked))


def _original(asked: Wanted) -> tuple[Any, Any]:
    """The model, truncated after the selected layer, and its tokenizer."""
    import transformers

    source = _source(asked)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source)
        config = transformers.AutoConfig.from_pretrained(source)
        # AutoModel would also load T5's decoder, which is not needed.
        kind = transformers.T5EncoderModel if config.model_type in ("t5", "mt5") else transformers.AutoModel
        model = kind.from_pretrained(source, dtype="float32").eval()
    except (OSError, ValueError) as error:
        raise BuildError(f"The encoder '{asked.model}' cannot be loaded from {source}: {error}") from error
    return _cut(model, asked), tokenizer


def _source(asked: Wanted) -> str:
    """The folder with the model's files. Downloads them at the pinned revision if necessary."""
    if asked.package:
        return str(importlib.import_module(asked.package).MODEL_DIR)
    if is_folder(asked.model):
        return asked.model
    from huggingface_hub import snapshot_download

    # No weights of other frameworks, and no pickle files of PyTorch, which can execute code when they are loaded.
    wanted = ["*.json", "*.txt", "*.model", "*.safetensors"]
    try:
        return str(snapshot_download(asked.repository, revision=asked.revision, allow_patterns=wanted))
    except Exception as error:  # the hub's client raises its HTTP library's errors as well as its own
        raise BuildError(
            f"The encoder '{asked.model}' could not be downloaded from the Hugging Face hub ({asked.repository}, "
            f"revision {asked.revision}): {error} Download it elsewhere. Then set bertscore_model to its folder (a "
            "path that begins with / or .), and set bertscore_layer."
        ) from error


def _cut(model: Any, asked: Wanted) -> Any:
    """Keeps only the first layers, as bert-score does."""
    if hasattr(model, "decoder") and hasattr(model, "encoder"):
        model = model.encoder
    depth = asked.layer
    if hasattr(getattr(model, "encoder", None), "albert_layer_groups"):  # ALBERT applies one layer repeatedly
        _check_depth(depth, model.config.num_hidden_layers, asked)
        model.encoder.config.num_hidden_layers = model.config.num_hidden_layers = depth
        return model
    if isinstance(getattr(model, "n_layers", None), int):  # XLM has a counter
        _check_depth(depth, model.n_layers, asked)
        model.n_layers = depth
        return model
    for path in _LAYERS:
        *parents, last = path.split(".")
        owner = model
        for name in parents:
            owner = getattr(owner, name, None)
        layers: Any = getattr(owner, last, None)
        if hasattr(layers, "__getitem__"):
            _check_depth(depth, len(layers), asked)
            setattr(owner, last, layers[:depth])
            return model
    raise BuildError(f"bertscore_model: the layers of '{asked.model}' ({type(model).__name__}) could not be found.")


def _check_depth(depth: int, layers: int, asked: Wanted) -> None:
    if not 0 < depth <= layers:
        raise BuildError(f"bertscore_layer: '{asked.model}' has {layers} layers, but layer {depth} is configured.")


def _export_into(folder: Path, asked: Wanted, model: Any, tokenizer: Any) -> EncoderManifest:
    padding = tokenizer.pad_token_id or 0
    _write_tokenizer(folder / TOKENIZER, tokenizer, _longest(model, tokenizer))
    try:
        _write_model(folder / MODEL, model, padding)
    except Exception as error:  # the exporter raises its own errors and those of the model's code
        raise BuildError(
            f"bertscore_model: PyTorch cannot export '{asked.model}' to ONNX ({_first_line(error)}). "
            "docs/evaluation.md lists the kinds of models that can be exported."
        ) from error
    difference = _difference(folder, model, padding)
    check(asked.model, difference)
    return _manifest(folder, asked, model, tokenizer, difference)


def _manifest(folder: Path, asked: Wanted, model: Any, tokenizer: Any, difference: float) -> EncoderManifest:
    silent = {tokenizer.cls_token_id, tokenizer.sep_token_id} - {None}
    return EncoderManifest(
        name=asked.name,
        revision=asked.revision,
        layer=asked.layer,
        languages=asked.languages,
        baselines=dict(asked.baselines),
        longest=_longest(model, tokenizer),
        padding=tokenizer.pad_token_id or 0,
        silent=tuple(sorted(silent)),
        added=tokenizer.num_special_tokens_to_add(),
        largest_difference=difference,
        files={path.name: file_digest(path) for path in sorted(folder.iterdir())},
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or "no reason was given"


def _longest(model: Any, tokenizer: Any) -> int:
    positions = max(int(getattr(model.config, "max_position_embeddings", 0) or 0), 0) or _LONGEST
    stated = int(tokenizer.model_max_length)
    return stated if stated <= positions else min(positions, _LONGEST)


def _write_tokenizer(path: Path, tokenizer: Any, longest: int) -> None:
    fast = tokenizer.backend_tokenizer
    fast.no_padding()
    fast.enable_truncation(longest)
    fast.save(str(path))


def _write_model(path: Path, model: Any, padding: int) -> None:
    import torch

    class Vectors(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask)[0]

    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    tokens = torch.randint(padding + 1, model.config.vocab_size, (2, 7))
    shape = {0: batch, 1: length}
    program = torch.onnx.export(
        Vectors().eval(),
        (tokens, torch.ones_like(tokens)),
        dynamo=True,
        verbose=False,
        external_data=True,
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_shapes={"input_ids": shape, "attention_mask": shape},
    )
    assert program is not None
    _strip(program.model)
    program.save(str(path), external_data=True)


def _strip(model: Any) -> None:
    """Removes the exporter's metadata: stack traces with local paths, which differ between machines."""
    model.metadata_props.clear()
    model.graph.metadata_props.clear()
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
    for function in model.functions.values():
        function.metadata_props.clear()
        for node in function.all_nodes():
            node.metadata_props.clear()
    for value in (*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()):
        value.metadata_props.clear()


def _difference(folder: Path, model: Any, padding: int) -> float:
    """The largest difference between the unit vectors of both models, for single texts and for a padded batch."""
    import torch

    largest = 0.0
    for tokens, mask, found in probed(folder, padding):
        with torch.no_grad():
            expected = model(input_ids=torch.tensor(tokens), attention_mask=torch.tensor(mask))[0].numpy()
        largest = max(largest, float(np.abs(unit(found) - unit(expected))[mask == 1].max()))
    return largest


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppresses messages of the exporter and the libraries that need no action."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
