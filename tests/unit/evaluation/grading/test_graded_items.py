"""Answers are matched with questions by id, also when some are missing, repeated or in another order."""

import pytest

from tuner.artifacts.dataset import EvaluationQuestion, Message
from tuner.core.errors import EvaluationError
from tuner.evaluation.grading.graded_items import match


def question(key: str, reference: str = "It is so.") -> EvaluationQuestion:
    return EvaluationQuestion(id=key, question=f"What is {key}?", reference=reference)


def answers(**texts: str | None) -> list[tuple[str, str | None]]:
    return list(texts.items())


def test_order_does_not_matter() -> None:
    found = match([question("a"), question("b")], {"base": answers(b="B", a="A"), "tuned": answers(a="A2", b="B2")})
    assert [dict(sample.answers) for sample in found.items] == [
        {"base": "A", "tuned": "A2"},
        {"base": "B", "tuned": "B2"},
    ]
    assert found.warnings == ()


def test_a_missing_answer_does_not_shift_the_others() -> None:
    found = match([question("a"), question("b")], {"base": answers(b="B"), "tuned": answers(a="A2", b="B2")})
    assert [sample.answers["base"] for sample in found.items] == [None, "B"]


@pytest.mark.parametrize("empty", ["", "  \n", None])
def test_an_empty_answer_is_no_answer(empty: str | None) -> None:
    found = match([question("a")], {"base": answers(a=empty), "tuned": answers(a="yes")})
    assert found.items[0].answers == {"base": None, "tuned": "yes"}


def test_an_answer_to_an_unknown_question_is_left_out_with_a_warning() -> None:
    found = match([question("a")], {"base": answers(a="A", z="Z"), "tuned": answers(a="A2")})
    assert len(found.items) == 1
    assert found.warnings == ("1 answer of the base model left out: no question has the id z.",)


def test_answers_to_another_dataset_are_refused() -> None:
    with pytest.raises(EvaluationError, match=r"None of the tuned model's answers.* x, y .*\(a\)"):
        match([question("a")], {"base": answers(a="A"), "tuned": answers(x="X", y="Y")})


def test_two_questions_with_one_id_are_refused() -> None:
    with pytest.raises(EvaluationError, match="More than one question has the id a"):
        match([question("a"), question("a")], {"base": answers(a="A"), "tuned": answers(a="A")})


def test_the_same_answer_twice_counts_once_and_two_answers_are_refused() -> None:
    twice = [*answers(a="A"), *answers(a="A")]
    found = match([question("a")], {"base": twice, "tuned": answers(a="A2")})
    assert found.warnings == ("1 answer of the base model left out: the same answer is there twice.",)
    with pytest.raises(EvaluationError, match="two different answers to the question a"):
        match([question("a")], {"base": [*answers(a="A"), *answers(a="B")], "tuned": answers(a="A2")})


def test_a_question_without_a_reference_is_left_out_with_a_warning() -> None:
    both = answers(a="A", b="B")
    found = match([question("a", ""), question("b")], {"base": both, "tuned": both})
    assert [sample.id for sample in found.items] == ["b"]
    assert found.warnings == ("1 question left out, because there is no reference answer: a.",)
    with pytest.raises(EvaluationError, match="no question with a reference answer"):
        match([question("a", " ")], {"base": answers(a="A"), "tuned": answers(a="A")})


def test_a_question_of_several_turns_is_matched_like_any_other() -> None:
    turns = (Message(role="user", text="Hi"), Message(role="assistant", text="Hello"))
    asked = question("a").model_copy(update={"messages": turns})
    assert match([asked], {"base": answers(a="A"), "tuned": answers(a="B")}) == match(
        [question("a")], {"base": answers(a="A"), "tuned": answers(a="B")}
    )
