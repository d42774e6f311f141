"""Evaluation questions with several turns: the earlier turns are sent, and the last one is the reference."""

from __future__ import annotations

import pytest

from tests.unit.datasets.memory_files import CLAUDE, LLAMA, NOVA, jsonl, pairs

TURNS = [("user", "Is it <b>heavy</b>?"), ("assistant", "A ton."), ("user", "And long?"), ("assistant", "Ten metres.")]
TALK = {"messages": [{"role": role, "content": text} for role, text in TURNS]}
ASKED = [{"role": role, "text": text} for role, text in TURNS[:-1]]
READ = "User: Is it <b>heavy</b>?\n\nAssistant: A ton.\n\nUser: And long?"


def talks(count: int) -> list[dict]:
    return [
        {"messages": [{"role": role, "content": f"{text} ({number})"} for role, text in TURNS]}
        for number in range(count)
    ]


@pytest.mark.parametrize("base_model", [CLAUDE, NOVA])
def test_an_evaluation_conversation_keeps_its_turns(run, base_model):
    files = {
        "training.jsonl": jsonl(pairs(40)),
        "validation.jsonl": jsonl(pairs(32, 100)),
        "evaluation.jsonl": jsonl([{"system": "Be kind.", **TALK}]),
    }
    outcome = run(files, base_model)
    assert outcome.errors == []
    [question] = outcome.evaluation
    assert question.pop("id")
    assert question == {"question": READ, "reference": "Ten metres.", "system": "Be kind.", "messages": ASKED}


def test_the_profile_shows_a_conversation_as_the_question_does(run):
    files = {"training.jsonl": jsonl(pairs(40)), "evaluation.jsonl": jsonl([TALK])}
    outcome = run(files, NOVA)
    assert outcome.prepared.summary.study.coverage[0].question == outcome.evaluation[0]["question"]


@pytest.mark.slow
@pytest.mark.parametrize("files", [{"validation.jsonl": jsonl(talks(40))}, {}])
def test_without_an_evaluation_file_validation_conversations_are_the_questions(run, files):
    outcome = run({"training.jsonl": jsonl(talks(200)), **files})
    assert outcome.prepared.summary.evaluation_records == outcome.prepared.summary.validation_records >= 32
    assert [[message["text"] for message in question["messages"]] for question in outcome.evaluation] == [
        [message["content"] for message in record["messages"][:-1]] for record in outcome.validation
    ]


def test_a_family_tuned_on_single_questions_refuses_conversations(run):
    files = {
        "training.jsonl": jsonl(pairs(120)),
        "validation.jsonl": jsonl(pairs(10, 200)),
        "evaluation.jsonl": jsonl([TALK]),
    }
    [error] = run(files, LLAMA).errors
    assert (error.rule, error.file, error.line) == ("single-turn", "evaluation.jsonl", 1)
    assert "is tuned on single questions; this conversation has 4 turns" in error.message
