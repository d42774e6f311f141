"""Decides whether two similar records are nearly the same, or only made from the same template.

Records of a template task (arithmetic, brackets, classification with a fixed instruction) share most words, and many
share a short answer by chance. They are nearly the same only if the question is, word by word and in the same order,
or if a rare answer agrees too.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass

from tuner.datasets.profile.words import tokens
from tuner.datasets.records.record import Record
from tuner.datasets.same_question import comparable, text_hash

# Words that change no question. A longer list would be wrong: `not`, `where`, `before` and `most` do change it.
_UNIMPORTANT = frozenset(("an", "the", "please", "kindly", "then"))
_ARTICLE = re.compile(r"\ba (?=[^\W\d_]{2})")  # `a + b` keeps its a
_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("‘’ʼ`´", "'") | dict.fromkeys("“”„«»", '"') | dict.fromkeys("‐‑–−", "-") | {"\u0640": None}
)
_PROSE_PUNCTUATION = re.compile(r"(?<=[^\W\d_]{2})[!?](?= )|(?<=\w)[.,;:](?= |$)")
# The beginning and the end of a text are compared: the question is in one of them.
_FIRST_TOKENS, _LAST_TOKENS = 100, 200
_LONG_ANSWER = 12
_MORE_WORDS = 0.2
_FEW_WORDS = 2
_SHARED_WORDS = 0.5


@dataclass(frozen=True, slots=True)
class Outline:
    """What near matches need of a record: hashes of its important tokens. The lowest bit marks numbers and signs.

    `wording` is a hash of all that the model reads, by its important words in their order.
    """

    wording: int
    question: array[int]
    answer: array[int]


def outline(record: Record, own_system: bool) -> Outline:
    """The outline of a record. `own_system` says that its system prompt differs from the run's."""
    question = _important_tokens(record.prompt)
    system = _important_tokens(record.system or "") if own_system else []
    wording = text_hash("\0".join((*system, "", *question)))
    return Outline(wording, _hashed(question), _hashed(_important_tokens(record.completion)))


def wording_hash(question: str) -> int:
    """The `wording` of a question alone."""
    return text_hash("\0".join(("", *_important_tokens(question))))


def agree(one: Outline, other: Outline) -> bool:
    """Whether the answers agree, and the questions differ by few added words or have most words in common.

    Most words in common are enough only for long answers: two questions can have the same short answer.
    """
    if not _adds_few_words(one.answer, other.answer, 0):
        return False
    if _adds_few_words(one.question, other.question, _FEW_WORDS):
        return True
    mine, others = set(one.question), set(other.question)
    return len(one.answer) >= _LONG_ANSWER and len(mine & others) >= _SHARED_WORDS * len(mine | others)


def _important_tokens(text: str) -> list[str]:
    plain = _ARTICLE.sub("", _PROSE_PUNCTUATION.sub("", comparable(text).translate(_TYPOGRAPHY)))
    return [token for token in tokens(plain) if token not in _UNIMPORTANT]


def _hashed(found: list[str]) -> array[int]:
    if len(found) > _FIRST_TOKENS + _LAST_TOKENS:
        found = found[:_FIRST_TOKENS] + found[-_LAST_TOKENS:]
    return array("I", [hash(token) & 0xFFFFFFFE | (not token[0].isalpha()) for token in found])


def _adds_few_words(one: array[int], other: array[int], fewest: int) -> bool:
    """Whether the longer text is the shorter one with at most a fifth more words, or `fewest`: no numbers or signs."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if len(long) - len(short) > max(fewest, _MORE_WORDS * len(short)):
        return False
    matched = 0
    for token in long:
        if matched < len(short) and token == short[matched]:
            matched += 1
        elif token & 1:
            return False
    return matched == len(short)
