"""The example dataset: counts, formats, no leakage, covered subjects, style."""

import csv
import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from tuner.intake.resolved_settings import resolve
from tuner.settings import DeploymentSettings, parse_document

GRID = [(name, epochs) for name in ("Nova Micro", "Nova Lite") for epochs in (2, 3)]
FOLDER = Path(__file__).parents[3] / "examples" / "bedrock-faq"
FIELDS = {"question", "answer"}
Record = dict[str, str]


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


# Words that every question shares: two questions that differ only in these ask for the same thing.
FILLER = frozenset(
    words(
        "a an and are at aws bedrock amazon by can define describe do does explain for from how in is it meant of"
        " on or tell that the to us what which who why with you"
    )
)

# Evaluation question -> the term that a training record must mention to teach its subject.
SUBJECT_TERMS = {
    "What is Amazon Bedrock?": "amazon bedrock",
    "What are Agents for Amazon Bedrock?": "agent",
    "What are Knowledge Bases for Amazon Bedrock?": "knowledge base",
    "What are Guardrails for Amazon Bedrock?": "guardrail",
    "What is Provisioned Throughput?": "provisioned throughput",
    "What is fine-tuning in Amazon Bedrock?": "fine-tuning",
    "What is the Converse API?": "converse api",
    "What is an inference profile?": "inference profile",
}


def stems(text: str) -> set[str]:
    """Content words without a plural ending, so that `agents` and `agent` are one."""
    return {word.removesuffix("s") for word in words(text) if word not in FILLER}


def jaccard(left: str, right: str) -> float:
    """Shared distinct words over all distinct words, from 0 to 1."""
    a, b = set(words(left)), set(words(right))
    return len(a & b) / len(a | b)


def read_training() -> list[Record]:
    return [json.loads(line) for line in (FOLDER / "training.jsonl").read_text(encoding="utf-8").splitlines()]


def read_validation() -> list[Record]:
    with (FOLDER / "validation.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_evaluation() -> list[Record]:
    records: list[Record] = json.loads((FOLDER / "evaluation.json").read_text(encoding="utf-8"))
    return records


TRAINING, VALIDATION, EVALUATION = read_training(), read_validation(), read_evaluation()
ALL = [*TRAINING, *VALIDATION, *EVALUATION]
LEARNED_FROM = [*TRAINING, *VALIDATION]


def test_each_split_has_its_number_of_records() -> None:
    assert len(TRAINING) >= 90
    assert len(VALIDATION) == 32
    assert len(EVALUATION) == 8


@pytest.mark.parametrize("record", ALL, ids=lambda record: record["question"])
def test_a_record_has_exactly_a_question_and_an_answer(record: Record) -> None:
    assert record.keys() == FIELDS
    for text in record.values():
        assert isinstance(text, str)
        assert text == text.strip() != ""


def test_the_validation_csv_has_the_two_columns_and_nothing_left_over() -> None:
    with (FOLDER / "validation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows[0] == ["question", "answer"]
    assert {len(row) for row in rows} == {2}


def test_no_question_is_asked_twice() -> None:
    counts = Counter(" ".join(words(record["question"])) for record in ALL)
    assert [question for question, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("evaluated", [record["question"] for record in EVALUATION])
def test_no_evaluation_question_is_in_the_training_data(evaluated: str) -> None:
    questions = [record["question"] for record in LEARNED_FROM]
    assert [question for question in questions if jaccard(question, evaluated) >= 0.7] == []
    assert [question for question in questions if stems(question) == stems(evaluated)] == []


@pytest.mark.parametrize("evaluated", EVALUATION, ids=lambda record: record["question"])
def test_no_evaluation_answer_is_in_the_training_data(evaluated: Record) -> None:
    answers = [record["answer"] for record in LEARNED_FROM]
    assert [answer for answer in answers if jaccard(answer, evaluated["answer"]) >= 0.7] == []


def test_no_two_training_records_are_near_duplicates() -> None:
    pairs = combinations(LEARNED_FROM, 2)
    close = [(a["question"], b["question"]) for a, b in pairs if jaccard(a["answer"], b["answer"]) >= 0.7]
    assert close == []


def test_every_evaluation_question_has_a_subject_term() -> None:
    assert SUBJECT_TERMS.keys() == {record["question"] for record in EVALUATION}


@pytest.mark.parametrize(("evaluated", "term"), SUBJECT_TERMS.items())
def test_the_training_data_covers_each_evaluation_subject(evaluated: str, term: str) -> None:
    """A record counts when both its question and its answer mention the term: a passing mention teaches little."""
    teaching = [r for r in TRAINING if term in r["question"].lower() and term in r["answer"].lower()]
    assert len(teaching) >= 5, (
        f"{evaluated}: {len(teaching)} training records are about {term!r}, at least 5 are needed"
    )


@pytest.mark.parametrize("record", ALL, ids=lambda record: record["question"])
def test_an_answer_is_short_prose_that_begins_with_its_subject(record: Record) -> None:
    question, answer = record["question"], record["answer"]
    assert question.endswith("?")
    assert answer.endswith(".")
    assert 30 <= len(answer.split()) <= 70
    assert 1 <= len(re.findall(r"[.!?](?=\s|$)", answer)) <= 3
    assert "\n" not in answer
    assert not re.search(r"[•*]|(^|\s)-\s|(^|[:;.]\s)\d+[.)]\s", answer), "list marker"
    subject = " ".join(words(answer)[:8])
    assert stems(subject) & stems(question) or {"amazon", "bedrock"} <= set(words(subject)) & set(words(question))


@pytest.mark.parametrize(("name", "trainings"), [("run.yaml", [("Nova Micro", 2)]), ("run-candidates.yaml", GRID)])
def test_the_settings_are_those_that_the_page_names(name: str, trainings: list[tuple[str, int]]) -> None:
    resolved = resolve(parse_document((FOLDER / name).read_bytes(), name), DeploymentSettings(), name)
    assert [(model.name, epochs) for model, epochs in resolved.trainings] == trainings
