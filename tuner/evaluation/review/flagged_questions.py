"""Chooses the questions that a person should look at.

A judge can overlook what sounds right. So every question is flagged whose scores the numbers alone do not support.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import regex

from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.question_scores import QuestionScores, by_id
from tuner.artifacts.evaluation.scores import ReviewCandidate, Scores
from tuner.evaluation.grading.graded_items import GradedItem, GradedItemSet
from tuner.evaluation.tokens import tokens

# Measures that compare the text of an answer with the reference.
_OVERLAP = ("bertscore_f1", "rouge_l")
# Judges that do not set `unsure` often say it.
_UNSURE = re.compile(
    r"\b(unsure|uncertain|not (?:entirely |quite )?(?:sure|certain)|cannot verify|hard to tell|unclear)\b", re.I
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}\p{N}_]*")
# Between the parts of a token: `DynamoDB's` also names DynamoDB.
_BETWEEN_PARTS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
# How many foreign names a reason lists.
_SHOWN_NAMES = 8


def review_candidates(
    items: GradedItemSet, scores: Scores, training_vocabulary: Collection[str] | None = None
) -> tuple[ReviewCandidate, ...]:
    """The questions that a person should look at, in their order.

    `training_vocabulary` are the tokens of the training data, or None when it is not known. A name in the tuned model's
    answer that is neither in them nor in question and reference may be invented.
    """
    records = by_id(scores.questions)
    found = []
    for item in items.items:
        record = records[item.id]
        reasons = (*_disagreement(record), *_doubt(record), *_foreign_names(item, training_vocabulary))
        if reasons:
            found.append(ReviewCandidate(id=item.id, reasons=reasons))
    return tuple(found)


def vocabulary(records: Iterable[Any]) -> set[str]:
    """The different tokens in all texts of JSON records. The memory grows with the tokens, not with the records."""
    return {token for text in _texts(records) for token in _tokens_and_parts(text)}


def _tokens_and_parts(text: str) -> Iterator[str]:
    for token in tokens(text):
        yield token
        if not token.isalnum():
            yield from filter(None, _BETWEEN_PARTS.split(token))


def _texts(records: Iterable[Any]) -> Iterator[str]:
    """Every text in JSON records, at any depth, without the names of members."""
    for value in records:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list):
            yield from _texts(value)


def _disagreement(record: QuestionScores) -> Iterator[str]:
    """The judge finds one answer better, and every measure that compares words finds the other one better."""
    judged = record.difference("correctness")
    overlap = [gain for gain in map(record.difference, _OVERLAP) if gain is not None]
    if judged and overlap and all(gain * judged < 0 for gain in overlap):
        yield "the judge and the text metrics prefer different answers"


def _doubt(record: QuestionScores) -> Iterator[str]:
    answers = (record.of(BASE), record.of(TUNED))
    if any(answer.problem is not None or answer.preference_problem is not None for answer in answers):
        yield "the judge gave no usable grade"
    elif any(answer.unsure or _UNSURE.search(answer.reasoning or "") for answer in answers):
        yield "the judge was unsure"


def _foreign_names(item: GradedItem, training_vocabulary: Collection[str] | None) -> Iterator[str]:
    """Numbers and names of the tuned model's answer that occur neither in question, reference nor training data."""
    answer = item.answers[TUNED]
    if answer is None:
        return
    known = {*_tokens_and_parts(item.question), *_tokens_and_parts(item.references)}
    named = dict.fromkeys([*_NUMBER.findall(answer), *_names(answer)])
    known.update(part for name in named for part in tokens(name) if part in (training_vocabulary or ()))
    foreign = [name for name in named if not known.issuperset(tokens(name))]
    if foreign:
        where = "the reference" if training_vocabulary is None else "reference and training data"
        yield f"the answer names what is not in {where}: {', '.join(foreign[:_SHOWN_NAMES])}"


def _names(answer: str) -> Iterator[str]:
    """Words with a capital inside (DynamoDB, IAM), and capitalised words that do not begin a sentence."""
    for found in _WORD.finditer(answer):
        word, before = found[0], answer[max(0, found.start() - 2) : found.start()]
        # After a full stop, a capital letter only begins a sentence.
        inside = len(before) == 2 and (before[0].isalnum() or before[0] in ",;:") and before[1] == " "
        capitalised = len(word) > 2 and word[0].isupper() and inside
        if capitalised or any(letter.isupper() for letter in word[1:]):
            yield word
