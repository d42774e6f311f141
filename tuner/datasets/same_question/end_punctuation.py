"""Removes the punctuation at the end of a text, where it only ends a sentence.

`5!`, `C++`, `save!?` and `cd .` keep theirs: there it is a sign, a part of a name, or a word.
"""

from __future__ import annotations

import re
import unicodedata

_EXCLAMATIONS = "!"
# Marks that some languages and tokenizers write after a space: question marks, and the full stops of Indic, Burmese,
# Khmer, Ethiopic and Tibetan.
_DETACHABLE = "?؟।॥။។៕።፧།"
# Full-width marks became the ASCII ones before.
_MARKS = ".…‽。۔։᠃" + _EXCLAMATIONS + _DETACHABLE
_GREEK_QUESTION = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff];$")
_OPENING = "¿¡"
# A letter in Morse code, such as `.-.`: its last dot ends no sentence.
_MORSE = re.compile(r"(?:^| )[.-]*-[.-]*\.$")


def without_end_punctuation(text: str) -> str:
    """The text without its last punctuation. `text` has no spaces at its ends."""
    if text[:1] in _OPENING and len(text) > 1:
        text = text.lstrip(_OPENING)
    if text.endswith(";"):
        return text[:-1] if _GREEK_QUESTION.search(text[-2:]) else text
    if text.endswith(".") and _MORSE.search(text[-12:]):
        return text
    before = text.rstrip(_MARKS)
    marks = text[len(before) :]
    if not marks or not before:
        return text
    if not before.endswith(" "):
        return before + _kept_exclamations(before, marks) if _EXCLAMATIONS in marks else before
    # After a space, a mark can be a word of its own: only the last question mark or full stop after a word is removed.
    if marks[-1] in _DETACHABLE and (_is_letter(before[-2]) or before[-2].isdigit()):
        return text[:-1].rstrip()
    return text


def _kept_exclamations(before: str, marks: str) -> str:
    """The exclamation marks that stay: of a factorial (`5!`, `n!`), or of a name before other marks (`save!?`)."""
    exclamations = marks[: len(marks) - len(marks.lstrip(_EXCLAMATIONS))]
    after_word = len(before) > 1 and _is_letter(before[-1]) and _is_letter(before[-2])
    return "" if exclamations == marks and after_word else exclamations


def _is_letter(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"
