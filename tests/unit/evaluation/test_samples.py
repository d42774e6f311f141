"""Answers belong to questions by id, whatever is missing, doubled or out of order."""

import pytest

from tuner.core.errors import EvaluationError
from tuner.evaluation.samples import match


def question(key: str, reference: str | None = "It is so.") -> dict:
    return {"id": key, "question": f"What is {key}?", "reference": reference}


def answers(**texts: str | None) -> list[dict]:
    return [{"id": key, "answer": text} for key, text in texts.items()]


def test_order_does_not_matter() -> None:
    exam = match([question("a"), question("b")], {"base": answers(b="B", a="A"), "tuned": answers(a="A2", b="B2")})
    assert [dict(q.answers) for q in exam.questions] == [{"base": "A", "tuned": "A2"}, {"base": "B", "tuned": "B2"}]
    assert exam.warnings == ()


def test_a_dropped_answer_shifts_nothing() -> None:
    exam = match([question("a"), question("b")], {"base": answers(b="B"), "tuned": answers(a="A2", b="B2")})
    assert [q.answers["base"] for q in exam.questions] == [None, "B"]


@pytest.mark.parametrize("empty", ["", "  \n", None])
def test_an_empty_answer_is_no_answer(empty: str | None) -> None:
    exam = match([question("a")], {"base": answers(a=empty), "tuned": answers(a="yes")})
    assert exam.questions[0].answers == {"base": None, "tuned": "yes"}


def test_an_answer_to_an_unknown_question_is_left_out_and_told() -> None:
    exam = match([question("a")], {"base": answers(a="A", z="Z"), "tuned": answers(a="A2")})
    assert len(exam.questions) == 1
    assert exam.warnings == ("1 answer of the base model left out: no such question: z.",)


def test_answers_to_another_dataset_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"None of the tuned model's answers.* x, y .*\(a\)"):
        match([question("a")], {"base": answers(a="A"), "tuned": answers(x="X", y="Y")})


def test_two_questions_with_one_id_are_refused() -> None:
    with pytest.raises(EvaluationError, match="more than one question: a"):
        match([question("a"), question("a")], {"base": answers(a="A"), "tuned": answers(a="A")})


def test_the_same_answer_twice_counts_once_and_two_answers_are_refused() -> None:
    twice = [*answers(a="A"), *answers(a="A")]
    exam = match([question("a")], {"base": twice, "tuned": answers(a="A2")})
    assert exam.warnings == ("1 answer of the base model stood there twice, word for word.",)
    with pytest.raises(EvaluationError, match="two different answers to question a"):
        match([question("a")], {"base": [*answers(a="A"), *answers(a="B")], "tuned": answers(a="A2")})


def test_a_question_without_a_reference_is_left_out_and_told() -> None:
    both = answers(a="A", b="B")
    exam = match([question("a", None), question("b")], {"base": both, "tuned": both})
    assert [q.id for q in exam.questions] == ["b"]
    assert exam.warnings == ("1 question left out: no reference answer: a.",)
    with pytest.raises(EvaluationError, match="no question with a reference answer"):
        match([question("a", " ")], {"base": answers(a="A"), "tuned": answers(a="A")})


def test_a_question_of_several_turns_is_matched_like_any_other() -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    asked = {**question("a"), "messages": turns}
    assert match([asked], {"base": answers(a="A"), "tuned": answers(a="B")}) == match(
        [question("a")], {"base": answers(a="A"), "tuned": answers(a="B")}
    )
