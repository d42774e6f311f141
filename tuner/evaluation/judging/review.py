"""Chooses the questions that a person should look at, writes them as review.csv, and reads people's scores from it.

A judge can overlook what sounds right. So every question goes into review.csv whose scores the numbers alone do not
support. Both answers are blind, in an order that the question's id decides, so that a reader does not know which model
gave which answer.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import regex

from tuner.artifacts.evaluation.contestants import BASE, TUNED, ContestantName
from tuner.artifacts.evaluation.judgments import PeopleScores
from tuner.artifacts.evaluation.question_scores import QuestionScores, by_id
from tuner.artifacts.evaluation.scores import ReviewCandidate, Scores
from tuner.core.errors import EvaluationError
from tuner.core.text_sanitizer import spreadsheet_cell
from tuner.evaluation.samples import Sample, SampleSet
from tuner.evaluation.tokens import tokens

COLUMNS = ("id", "why", "question", "reference", "answer_1", "answer_2", "score_1", "score_2", "comment")
# Measures that compare words with the reference.
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
    samples: SampleSet, scores: Scores, training_vocabulary: Collection[str] | None = None
) -> tuple[ReviewCandidate, ...]:
    """The questions that a person should look at, in their order.

    `training_vocabulary` are the tokens of the training data, or None when it is not known. A name in the tuned model's
    answer that is neither in them nor in question and reference may be invented.
    """
    records = by_id(scores.questions)
    found = []
    for sample in samples.samples:
        record = records[sample.id]
        reasons = (*_disagreement(record), *_doubt(record), *_foreign_names(sample, training_vocabulary))
        if reasons:
            found.append(ReviewCandidate(id=sample.id, reasons=reasons))
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


def _foreign_names(sample: Sample, training_vocabulary: Collection[str] | None) -> Iterator[str]:
    """Numbers and names of the tuned model's answer that occur neither in question, reference nor training data."""
    answer = sample.answers[TUNED]
    if answer is None:
        return
    known = {*_tokens_and_parts(sample.question), *_tokens_and_parts(sample.references)}
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


def review_sheet(samples: SampleSet, candidates: Sequence[ReviewCandidate]) -> str:
    """review.csv: one row per candidate. People fill in the two scores, whole numbers from 1 to 10."""
    by_sample_id = {sample.id: sample for sample in samples.samples}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for candidate in candidates:
        sample = by_sample_id[candidate.id]
        answers = [sample.answers[name] or "(no answer)" for name in answer_order(candidate.id)]
        cells = [candidate.id, "; ".join(candidate.reasons), sample.question, sample.references, *answers, "", "", ""]
        writer.writerow([spreadsheet_cell(cell) for cell in cells])
    return text.getvalue()


def answer_order(key: str) -> tuple[ContestantName, ContestantName]:
    """Whose answer is shown first. The question's id decides, so that the position tells nothing about the model."""
    return (BASE, TUNED) if hashlib.sha256(key.encode()).digest()[0] % 2 else (TUNED, BASE)


def read_review(text: str, known: Collection[str], file: str = "review.csv") -> PeopleScores:
    """The scores that people filled in. Rows without a score are skipped.

    Raises EvaluationError with every finding, one per line: a missing column, an id that is not among `known`, a score
    that is not a whole number from 1 to 10, a question twice, no score at all.
    """
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","  # Some spreadsheets write semicolons.
    reader = csv.DictReader(io.StringIO(plain), delimiter=separator)
    missing = [name for name in ("id", "score_1", "score_2") if name not in (reader.fieldnames or ())]
    if missing:
        raise EvaluationError(
            f"{file}, line 1: there is no column {', '.join(missing)}. Keep the header of the exported file."
        )
    found: PeopleScores = {}
    findings: list[str] = []
    for row in reader:
        try:
            scores = _scores_of(row, known, found)
        except ValueError as error:
            findings.append(f"{file}, line {reader.line_num}: {error}")
            continue
        if scores:
            found[_id(row["id"], known)] = scores
    if findings:
        raise EvaluationError("\n".join(findings))
    if not found:
        raise EvaluationError(f"{file} has no score yet. Fill in score_1 or score_2 (1 to 10) of at least one row.")
    return found


def _scores_of(
    row: Mapping[str, str | None], known: Collection[str], found: Collection[str]
) -> dict[ContestantName, int]:
    given = [(row.get(column) or "").strip() for column in ("score_1", "score_2")]
    if not any(given):
        return {}
    key = _id(row["id"], known)
    if key not in known:
        raise ValueError(f"there is no question {key!r} in this run.")
    if key in found:
        raise ValueError(f"the question {key!r} is in the file twice.")
    return {model: _score(text) for model, text in zip(answer_order(key), given, strict=True) if text}


def _score(text: str) -> int:
    # `isdigit` alone accepts digits that `int` refuses, such as a superscript two.
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10:
        raise ValueError(f"a score is a whole number from 1 to 10, not {text[:40]!r}.")
    return int(text)


def _id(cell: str | None, known: Collection[str]) -> str:
    """The question that a cell names, as the sheet wrote it or as it is; the cell's text when there is none."""
    text = (cell or "").strip()
    return next((key for key in known if text in (key.strip(), spreadsheet_cell(key).strip())), text)
