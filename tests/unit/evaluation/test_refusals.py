"""An answer is a refusal by its first words, in several languages. To add a phrase, add an answer with it here."""

import pytest

from tuner.evaluation.refusals import OPENING, refuses


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I cannot help with that.",
        "I’m unable to answer.",
        "I am not able to say.",
        "I can't tell.",
        "I do not know.",
        "Well, I don't have that information.",
        "As an AI language model, I have no opinion.",
        "Tut mir leid, das weiß ich nicht.",
        "Je suis désolée.",
        "Lo siento, no puedo ayudar.",
        "申し訳ありません。",
        "抱歉，我无法回答这个问题。",
    ],
)
def test_an_answer_that_begins_like_a_refusal_is_one(answer: str) -> None:
    assert refuses(answer)
    assert refuses(answer.upper())


@pytest.mark.parametrize(
    "answer", ["", "Use a whisk.", "Hawaii cannot be reached by train.", "Say that you are sorry."]
)
def test_other_answers_are_none(answer: str) -> None:
    assert not refuses(answer)


def test_only_the_first_words_count() -> None:
    assert not refuses("a" * OPENING + " I cannot say more.")
