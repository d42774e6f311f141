"""Answers that a person should look at, and their scores on the way back.

A judge overlooks what sounds right. So whatever the numbers cannot vouch for goes into review.csv: both answers blind
and in an order that the id decides, so that a reader does not know which model said what.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuner.artifacts.contestants import ContestantName
from tuner.core.errors import EvaluationError
from tuner.evaluation.language import tokens
from tuner.evaluation.samples import Exam, Question

COLUMNS = ("id", "why", "question", "reference", "answer_1", "answer_2", "score_1", "score_2", "comment")
_OVERLAP = ("bertscore_f1", "rouge_l")
_UNSURE = re.compile(
    r"\b(unsure|uncertain|not (?:entirely |quite )?(?:sure|certain)|cannot verify|hard to tell|unclear)\b", re.I
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]\w*")
# A spreadsheet runs cells that begin like this as formulas.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question for a person, and why."""

    id: str
    reasons: tuple[str, ...]


def candidates(exam: Exam, scores: Mapping[str, Any], known: Collection[str] | None = None) -> list[Candidate]:
    """Questions whose scores a person should check, in their order.

    `known` are the tokens of the training data; without them, only question and reference vouch for what the tuned
    answer names.
    """
    records = {record["id"]: record for record in scores["questions"]}
    found = []
    for question in exam.questions:
        reasons = [*_disagreement(records[question.id]), *_doubt(records[question.id]), *_inventions(question, known)]
        if reasons:
            found.append(Candidate(question.id, tuple(reasons)))
    return found


def listed(chosen: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The candidates as scores.json has them."""
    return [{"id": candidate.id, "reasons": list(candidate.reasons)} for candidate in chosen]


def vocabulary(records: Iterable[Any]) -> set[str]:
    """All tokens in JSON records, as `candidates` takes them; memory grows with them, not with the records."""
    return {token for text in _texts(records) for token in tokens(text)}


def _texts(records: Iterable[Any]) -> Iterator[str]:
    """Every text in JSON records, however deep, names of members left out."""
    for value in records:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _texts(value.values())
        elif isinstance(value, list):
            yield from _texts(value)


def _disagreement(record: Mapping[str, Any]) -> Iterable[str]:
    """The judge finds one answer better, and everything that compares words finds the other better."""
    judged, *overlap = (_gain(record, name) for name in ("correctness", *_OVERLAP))
    present = [gain for gain in overlap if gain is not None]
    if judged and present and all(gain * judged < 0 for gain in present):
        yield "the judge and the text metrics prefer different answers"


def _gain(record: Mapping[str, Any], name: str) -> float | None:
    base, tuned = record["base"].get(name), record["tuned"].get(name)
    return None if base is None or tuned is None else tuned - base


def _doubt(record: Mapping[str, Any]) -> Iterable[str]:
    values = (record["base"], record["tuned"])
    if any("problem" in entry or "preference_problem" in entry for entry in values):
        yield "the judge gave no usable verdict"
    elif any(entry.get("unsure") or _UNSURE.search(str(entry.get("reasoning", ""))) for entry in values):
        yield "the judge was unsure"


def _inventions(question: Question, known: Collection[str] | None) -> Iterable[str]:
    """Numbers and names of the tuned answer that stand nowhere else: not in question, reference or training data."""
    answer = question.answers["tuned"]
    if answer is None:
        return
    vouched = {*tokens(question.question), *tokens(question.reference)}
    named = dict.fromkeys([*_NUMBER.findall(answer), *_names(answer)])
    foreign = [
        name for name in named if any(part not in vouched and part not in (known or ()) for part in tokens(name))
    ]
    if foreign:
        who = "the reference does not" if known is None else "neither reference nor training data does"
        yield f"an answer names what {who}: {', '.join(foreign[:8])}"


def _names(answer: str) -> Iterator[str]:
    """Words with capitals inside or throughout (DynamoDB, IAM), and capitalised ones that do not begin a sentence."""
    for found in _WORD.finditer(answer):
        word, before = found[0], answer[max(0, found.start() - 2) : found.start()]
        inside = len(before) == 2 and (before[0].isalnum() or before[0] in ",;:") and before[1] == " "
        capitalised = len(word) > 2 and word[0].isupper() and inside
        if capitalised or any(letter.isupper() for letter in word[1:]):
            yield word


def sheet(exam: Exam, chosen: Sequence[Candidate]) -> str:
    """review.csv: one row per candidate, the two scores left to be filled in, whole numbers from 1 to 10."""
    questions = {question.id: question for question in exam.questions}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for candidate in chosen:
        question = questions[candidate.id]
        answers = [question.answers[model] or "(no answer)" for model in order(candidate.id)]
        cells = [
            candidate.id,
            "; ".join(candidate.reasons),
            question.question,
            question.reference,
            *answers,
            "",
            "",
            "",
        ]
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return text.getvalue()


def order(key: str) -> tuple[ContestantName, ContestantName]:
    """Which model's answer is shown first: decided by the question's id, so that the place says nothing."""
    return ("base", "tuned") if hashlib.sha256(key.encode()).digest()[0] % 2 else ("tuned", "base")


def human_scores(text: str, known: Collection[str], file: str = "review.csv") -> dict[str, dict[ContestantName, int]]:
    """The scores that people filled in, by question and model; rows without any are passed over.

    Raises EvaluationError with every finding, one per line: a column that is missing, an id that is not among `known`,
    a score that is not a whole number from 1 to 10, a question twice, no score at all.
    """
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","  # some spreadsheets write semicolons
    reader = csv.DictReader(io.StringIO(plain), delimiter=separator)
    missing = [name for name in ("id", "score_1", "score_2") if name not in (reader.fieldnames or ())]
    if missing:
        raise EvaluationError(f"{file}, line 1: no column {', '.join(missing)}. Keep the header as it was written.")
    found: dict[str, dict[ContestantName, int]] = {}
    findings: list[str] = []
    for row in reader:
        try:
            scores = _scores_of(row, known, found)
        except ValueError as error:
            findings.append(f"{file}, line {reader.line_num}: {error}")
            continue
        if scores:
            found[_plain(row["id"])] = scores
    if findings:
        raise EvaluationError("\n".join(findings))
    if not found:
        raise EvaluationError(f"{file} has no score yet. Fill in score_1 or score_2 (1 to 10) of one row at least.")
    return found


def _scores_of(
    row: Mapping[str, str | None], known: Collection[str], found: Mapping[str, Any]
) -> dict[ContestantName, int]:
    given = [(row.get(column) or "").strip() for column in ("score_1", "score_2")]
    if not any(given):
        return {}
    key = _plain(row["id"])
    if key not in known:
        raise ValueError(f"there is no question {key!r} in this run.")
    if key in found:
        raise ValueError(f"question {key!r} stands here twice.")
    return {model: _score(text) for model, text in zip(order(key), given, strict=True) if text}


def _score(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10:
        raise ValueError(f"a score is a whole number from 1 to 10, not {text[:40]!r}.")
    return int(text)


def _plain(cell: str | None) -> str:
    """The id as it was before a quote kept a spreadsheet from running it."""
    text = (cell or "").strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
