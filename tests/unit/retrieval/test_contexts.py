"""Tests of the examples and passages that contestants are shown with a question."""

import pytest

from tests.doubles import approve, manifest
from tests.unit.retrieval.samples import context, folder_of
from tuner.artifacts.contexts import MOST_PART_BYTES, most_context_tokens
from tuner.core.artifact_keys import Keys
from tuner.costs.cost_inputs import most_question_tokens
from tuner.retrieval.text_index import TextIndex
from tuner.retrieval.training_records import training_turns

TRAINING = [
    ("How deep is the lake of Brienz?", "The lake of Brienz is 260 metres deep."),
    ("Who wrote the novel Effi Briest?", "Theodor Fontane wrote it."),
    ("When does the museum open?", "The museum opens at nine."),
]
QUESTIONS = [("How deep is the lake of Thun?", "It is 217 metres deep.")]
DOCUMENTS = {
    "lakes.md": "# Lakes\n\nThe lake of Thun lies in the canton of Bern. It is 217 metres deep. It has many fish.",
    "food.md": "# Food\n\nRösti is a dish of potatoes, which people in the canton of Bern eat for breakfast.",
}


def test_the_nearest_examples_are_turns_before_the_question_and_the_nearest_one_is_last() -> None:
    folder = folder_of(TRAINING, QUESTIONS, {}, compare_with=["few_shot"], few_shot={"examples": 2})
    found = context(folder, "few_shot")
    assert [each["record"] for each in found["examples"]][-1] == 1
    [asked] = folder.asked_questions(folder.manifest().contestant("few_shot"))
    assert [turn.role for turn in asked.turns] == ["user", "assistant"] * len(found["examples"]) + ["user"]
    assert [turn.text for turn in asked.turns[-3:]] == [*TRAINING[0], QUESTIONS[0][0]]


def test_passages_of_documents_are_in_the_last_turn_and_say_where_they_are_from() -> None:
    folder = folder_of(TRAINING, QUESTIONS, DOCUMENTS, compare_with=["retrieval"], retrieval={"passages": 1})
    [passage] = context(folder, "retrieval")["passages"]
    assert passage["source"] == "lakes.md"
    [asked] = folder.asked_questions(folder.manifest().contestant("retrieval"))
    assert len(asked.turns) == 1
    assert "It is 217 metres deep." in asked.turns[0].text
    assert asked.turns[0].text.endswith(QUESTIONS[0][0])
    # The judge and people see the question itself.
    assert asked.question == QUESTIONS[0][0]
    assert {entry["source"] for entry in folder.read_lines(Keys.PASSAGES)} == set(DOCUMENTS)


def test_without_documents_the_passages_are_the_training_answers() -> None:
    folder = folder_of(TRAINING, QUESTIONS, {}, compare_with=["retrieval", "retrieval_tuned"])
    for contestant in ("retrieval", "retrieval_tuned"):
        [first, *_] = context(folder, contestant)["passages"]
        assert (first["source"], first["text"]) == ("training record 1", TRAINING[0][1])


def test_a_text_with_the_right_answer_word_for_word_is_marked() -> None:
    folder = folder_of(TRAINING, QUESTIONS, DOCUMENTS, compare_with=["few_shot", "retrieval"])
    marked = {each["source"]: each["holds_answer"] for each in context(folder, "retrieval")["passages"]}
    assert marked == {"lakes.md": True, "food.md": False}
    assert not any(each["holds_answer"] for each in context(folder, "few_shot")["examples"])


def test_an_answer_that_is_too_short_to_tell_marks_nothing() -> None:
    folder = folder_of(TRAINING, [("When does the museum open?", "nine")], {}, compare_with=["retrieval"])
    assert not any(each["holds_answer"] for each in context(folder, "retrieval")["passages"])


@pytest.mark.parametrize(
    ("texts", "question", "nearest"),
    [
        (["東京は日本の首都です。", "富士山は高い山です。"], "日本の首都はどこですか", 0),
        (["Die Straße ist gesperrt.", "Der Weg ist frei."], "Welche STRASSE? Die Straße!", 0),
        (["It costs -5.", "It costs C++ €5."], "What costs €5?", 1),
        (['"a" AND title:(b', "c OR NOT d"], "what is NOT a:b OR (c? d", 1),
    ],
)
def test_questions_in_any_language_and_with_any_signs_find_the_nearest_text(
    texts: list[str], question: str, nearest: int
) -> None:
    assert TextIndex(texts).nearest(question, 1) == [nearest]


def test_equal_texts_are_found_in_their_order_and_a_text_without_a_shared_word_is_not_found() -> None:
    index = TextIndex([*["the same words"] * 40, "others"])
    assert index.nearest("words", 5) == [0, 1, 2, 3, 4]
    assert index.nearest("nothing", 5) == []
    assert index.nearest("…", 5) == []
    assert TextIndex([]).nearest("words", 5) == []


def test_training_records_of_each_format_are_read_and_tool_calls_are_left_out() -> None:
    records = [
        {"prompt": "Be kind.\n\nWhy?", "completion": "So."},
        {"messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]},
        {
            "messages": [
                {"role": "user", "content": [{"text": "Why?"}]},
                {"role": "assistant", "content": [{"text": "So."}]},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"text": "Why?"}]},
                {"role": "assistant", "content": [{"toolUse": {}}]},
            ]
        },
    ]
    *read, with_tools = [[turn.text for turn in turns] for turns in training_turns(records, "Be kind.")]
    assert read == [["Why?", "So."]] * 3
    assert with_tools == []


def test_no_prompt_is_longer_than_what_is_planned_before_the_parts_are_known() -> None:
    """Ampersands are escaped by the judge's and the estimate's count, and take five bytes each."""
    parts = 3
    long = "& " * (MOST_PART_BYTES // 12)
    training = [(f"&{'&' * at} what", long) for at in range(9)]
    text = "\n\n".join(
        f"{'&' * 900} what {at} is this text about, in the end, and what of all other things?" for at in range(9)
    )
    counts = {"few_shot": {"examples": parts}, "retrieval": {"passages": parts}}
    folder = folder_of(
        training, [("what?", "nothing")], {"a.md": text}, compare_with=["few_shot", "retrieval"], **counts
    )
    [plain] = folder.asked_questions(folder.manifest().contestant("base"))
    for name in ("few_shot", "retrieval"):
        [asked] = folder.asked_questions(folder.manifest().contestant(name))
        assert len(asked.turns) > 1 or "<passage>" in asked.turns[0].text
        most = most_question_tokens(asked, None) - most_question_tokens(plain, None)
        assert most <= most_context_tokens(parts)


def test_the_estimate_has_the_tokens_of_each_contestant() -> None:
    folder = folder_of(TRAINING, QUESTIONS, DOCUMENTS, compare_with=["few_shot", "retrieval", "retrieval_tuned"])
    found = approve(folder)
    read = {item.contestant or "": item for item in found.items if item.id == "compared_input"}
    # The tuned model is on throughput: it is paid by the hour.
    assert read.keys() == {"few_shot", "retrieval"}
    assert read["retrieval"].name == "The base model with passages, questions"
    for contestant, item in read.items():
        [asked] = folder.asked_questions(folder.manifest().contestant(contestant))
        assert item.at_most == 3 * most_question_tokens(asked, None)
        assert item.usd and item.unit_price_usd


def test_a_run_that_serves_nothing_compares_nothing() -> None:
    assert manifest(serving="none", compare_with=["few_shot"]).contestant_names == ("base", "tuned")
