"""The manifest of an exported encoder, and the names of its files."""

from __future__ import annotations

from typing import Literal

from tuner.core.strict_model import StrictModel

MANIFEST, MODEL, TOKENIZER = "manifest.json", "model.onnx", "tokenizer.json"


class EncoderManifest(StrictModel):
    """`manifest.json` of an exported encoder."""

    format: Literal[1] = 1
    name: str
    revision: str
    layer: int
    # ISO 639 codes; `*` for a multilingual model; empty when they are not known.
    languages: tuple[str, ...]
    # By language, the F1 of unrelated sentences.
    baselines: dict[str, float]
    # Tokens of the longest text. The rest of a longer text is left out.
    longest: int
    padding: int
    # Tokens that mark the beginning and end of a text. They can be matched, but they have no weight.
    silent: tuple[int, ...]
    # How many tokens the tokenizer adds to every text.
    added: int
    # The largest difference between the vectors of the exported and the original model, measured at the build.
    largest_difference: float
    # SHA-256 by the file's name.
    files: dict[str, str]

    def knows(self, language: str) -> bool:
        """Whether the model was trained on this language. True when one of them is not known."""
        return not language or not self.languages or bool({"*", language.partition("-")[0]} & set(self.languages))
