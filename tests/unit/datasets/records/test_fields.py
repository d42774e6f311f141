"""Fields beside question and answer: used, or the record is left out and counted, or refused; always reported."""

from __future__ import annotations

import json

import pytest

from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource, jsonl, pairs
from tuner.catalog import model
from tuner.datasets import CheckedFile, RecordLimits, convert
from tuner.datasets.findings import Issue
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.schemas.detection import detect_schema
from tuner.settings import FieldNames

DEFAULT = FieldNames()
PAIR = {"question": "How deep is pier 4?", "answer": "Nine metres."}


def converted(
    *records: dict, role: DataRole = "training", fields: FieldNames = DEFAULT
) -> tuple[CheckedFile, list[dict]]:
    sink = MemorySink()
    limits = RecordLimits(model(CLAUDE), role)
    checked = convert(MemorySource("training.jsonl", jsonl(list(records)), 10**6), limits, fields, sink)
    return checked, [json.loads(line) for line in (sink.committed or b"").splitlines()]


def question(record: dict) -> str:
    return record["messages"][-2]["content"]


def findings(checked: CheckedFile, *rules: str) -> list[tuple[str, int | None, str | None]]:
    return [(f.rule, f.line, f.field) for f in checked.findings.kept if f.rule in rules or not rules]


@pytest.mark.parametrize("asks", ["question", "prompt", "instruction", "query"])
@pytest.mark.parametrize(
    "name", ["context", "passage", "input", "Background", "document", "文脈", "contexts", "retrieved_contexts"]
)
def test_a_context_follows_the_question(asks, name):
    checked, [record] = converted({asks: "How deep?", name: "Guide: pier 4.", "answer": "Nine."})
    assert question(record) == "How deep?\n\nGuide: pier 4."
    assert checked.fields.fields == {"prompt": asks, "completion": "answer", "context": name}
    assert checked.fields.left_out == ()


@pytest.mark.parametrize("name", ["context", "input", "system", "history"])
@pytest.mark.parametrize("text", ["N/A", "n/a", "nan", "None", "NULL", "-", " — ", "#N/A", "n. a.", "None.", "<NA>"])
def test_a_text_for_a_missing_value_is_no_part_of_the_question_and_is_counted(name, text):
    checked, records = converted(*[{**PAIR, name: text}] * 2, {**PAIR, name: ""})
    assert records == [{"messages": [{"role": "user", "content": PAIR["question"]}, records[0]["messages"][1]]}] * 3
    [warning] = [finding for finding in checked.findings.kept if finding.rule == "placeholder"]
    assert (warning.field, warning.severity) == (name, "warning")
    assert f"has '{text.strip()}' or the like in 2 records" in warning.message
    assert name not in checked.fields.fields.values()


NOTHING = [
    "No context", "<nocontext>", "keine Angabe", "k. A.", "S/O", "N/D", "sin datos", "нет данных", "无", "なし。",
    "없음", "لا يوجد", "אין", "लागू नहीं", "(empty)",
]  # fmt: skip


@pytest.mark.parametrize("text", NOTHING)
def test_a_context_that_says_in_words_that_there_is_none_adds_nothing(text):
    checked, [record] = converted({**PAIR, "context": text})
    assert question(record) == PAIR["question"]
    assert findings(checked, "placeholder") == [("placeholder", None, "context")]


@pytest.mark.parametrize(("name", "text"), [("input", "нет"), ("input", "empty"), ("context", "Nothing is empty.")])
def test_a_word_that_an_instruction_is_about_is_no_missing_value(name, text):
    checked, [record] = converted({"instruction": "Translate it.", name: text, "output": "no"})
    assert question(record) == f"Translate it.\n\n{text}"
    assert findings(checked, "placeholder") == []


def test_a_choice_may_be_called_none():
    checked, [record] = converted({"question": "Which?", "A": "six", "B": "None", "answer": "B"})
    assert question(record) == "Which?\n\nA. six\nB. None"
    assert findings(checked, "placeholder") == []


INSIDE = [
    {"context": {"title": ["Piers"], "sentences": [["Guide:", "pier 4."]]}},
    {"passages": {"is_selected": [1], "passage_text": ["Guide:", "pier 4."]}},
    {"document": {"summary": {"text": ["Guide:", "pier 4."]}}},
]


@pytest.mark.parametrize("context", INSIDE, ids=str)
def test_the_texts_inside_of_a_context_follow_the_question(context):
    _, [record] = converted({**PAIR, **context})
    assert question(record) == f"{PAIR['question']}\n\nGuide:\n\npier 4."


def test_alpacas_mark_of_no_input_is_none():
    _, [record] = converted({"instruction": PAIR["question"], "input": "<noinput>", "output": PAIR["answer"]})
    assert question(record) == PAIR["question"]


@pytest.mark.parametrize("member", ["stem", "text"])
def test_an_object_that_is_called_a_question_is_its_text(member):
    record = {"id": 1, "question": {member: "How deep?", "choices": ["six", "nine"]}, "answerKey": "B"}
    checked, [learnt] = converted({**record, "data": {"text": "Other."}})
    assert question(learnt) == "How deep?\n\nA. six\nB. nine"
    assert checked.fields.fields["prompt"] == f"question.{member}"


def test_a_context_that_only_a_later_record_has_is_used():
    _, records = converted(PAIR, {**PAIR, "context": "Guide."})
    assert [question(record) for record in records] == [PAIR["question"], f"{PAIR['question']}\n\nGuide."]


def test_an_instruction_stands_before_the_question():
    _, [record] = converted({**PAIR, "instruction": "Answer in metres."})
    assert question(record) == f"Answer in metres.\n\n{PAIR['question']}"


CHOICES = [
    {"choices": ["six", "nine"]},
    {"options": {"A": "six", "B": "nine"}},
    {"choices": {"label": ["A", "B"], "text": ["six", "nine"]}},
    {"choices": [{"label": "A", "text": "six"}, {"label": "B", "text": "nine"}]},
    {"choices": '["six", "nine"]'},
    {"A": "six", "B": "nine"},
    {"option_a": "six", "option_b": "nine"},
    {"choice1": "six", "choice2": "nine"},
]


@pytest.mark.parametrize("choices", CHOICES, ids=str)
def test_choices_follow_the_question_with_letters(choices):
    _, [record] = converted({**PAIR, "answer": "B", **choices})
    assert question(record) == f"{PAIR['question']}\n\nA. six\nB. nine"


def test_choices_of_an_unknown_form_are_refused():
    checked, _ = converted({**PAIR, "choices": [["six", "nine"]]})
    assert findings(checked, "field-type") == [("field-type", 1, "choices")]


EARLIER = [
    [["Is it open?", "Yes."]],
    [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Yes."}],
    [{"question": "Is it open?", "answer": "Yes."}],
    [{"role": "User", "message": "Is it open?"}, {"role": "Chatbot", "message": "Yes."}],
    [{"from": "human", "value": "Is it open?"}, {"from": "gpt", "value": "Yes."}],
]


@pytest.mark.parametrize("history", [*EARLIER, json.dumps(EARLIER[0])], ids=str)
def test_a_history_becomes_turns(history):
    _, [record] = converted({**PAIR, "history": history})
    assert [message["content"] for message in record["messages"]] == ["Is it open?", "Yes.", *PAIR.values()]


def test_an_empty_history_adds_nothing_and_an_unknown_one_is_refused():
    _, [record] = converted({**PAIR, "history": []})
    assert len(record["messages"]) == 2
    checked, _ = converted({**PAIR, "history": "They talked."})
    assert findings(checked, "field-type") == [("field-type", 1, "history")]


@pytest.mark.parametrize("name", ["system", "system_prompt", "systemInstruction", "System Message"])
def test_a_system_prompt_of_any_name(name):
    checked, [record] = converted({**PAIR, name: "Be kind."})
    assert record["system"] == "Be kind."
    assert checked.fields.fields["system"] == name


NO = [
    ("label", False), ("label", 0), ("label", "0"), ("label", "false"), ("is_correct", False), ("isCorrect", False),
    ("accepted", "no"), ("accepted", None), ("approved", ""), ("human_approved", False), ("deleted", True),
    ("draft", True), ("rejected", True), ("is_deleted", 1), ("status", "rejected"), ("status", "Draft"),
    ("review_status", "rejected"), ("feedback", "thumbs_down"), ("vote", -1), ("score", 0),
    ("score", -3), ("rating", 0), ("weight", 0), ("weight", "0.0"), ("reward", -0.5), ("split", "test"),
    ("metadata", {"approved": False}), ("is_impossible", True), ("flagged", "yes"), ("gelöscht", "ja"),
    ("kto_tag", False), ("metadata", {"dataset_split": ["test"]}), ("公開", "いいえ"), ("Estado", "rechazado"),
    ("Validé", "non"), ("סטטוס", "נדחה"), ("状态", "未通过"), ("상태", "반려"), ("Статус", "черновик"),
    ("helpfulness", 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), NO)
def test_a_record_that_its_own_field_marks_as_unusable_is_left_out_and_counted(name, value):
    checked, records = converted(*pairs(2), {**PAIR, name: value})
    assert len(records) == 2
    assert checked.fields.records_left_out == 1
    [(rule, line, field)] = findings(checked, "left-out")
    assert (rule, line) == ("left-out", 3)
    assert field
    assert name in field
    assert checked.ready


YES = [
    ("label", True), ("label", 1), ("label", "billing"), ("is_correct", "yes"), ("accepted", True), ("deleted", False),
    ("deleted", None), ("draft", ""), ("status", "approved"), ("status", "open"), ("score", 1), ("weight", 1.0),
    ("weight", None), ("split", "train"), ("rejected", "Six metres, and that is all that can be said about it."),
    ("metadata", {"approved": True}), ("rating", 5), ("correct", ["B"]), ("kto_tag", True),
    ("rejected_response", "No."), ("dataset_split", ["train"]), ("公開", "はい"), ("Estado", "aprobado"),
    ("Estado", "Baja California"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), YES)
def test_a_record_that_no_field_marks_as_unusable_is_used(name, value):
    checked, records = converted(*[{**PAIR, name: value}] * 2)
    assert len(records) == 2
    assert checked.fields.records_left_out == 0


def test_an_unclear_flag_is_refused():
    checked, _ = converted({**PAIR, "accepted": "perhaps"})
    assert findings(checked, "unclear-flag") == [("unclear-flag", 1, "accepted")]


@pytest.mark.parametrize("name", ["rating", "score", "quality", "weight", "confidence", "評価"])
def test_records_with_different_grades_are_refused_until_a_minimum_is_set(name):
    graded = [{**PAIR, "question": f"How deep is pier {grade}?", name: grade} for grade in (2, 4, 5)]
    checked, _ = converted(*graded)
    assert findings(checked, "graded") == [("graded", 2, name)]
    assert f"--minimum {name}=VALUE" in checked.findings.kept[0].remedy
    checked, records = converted(*graded, fields=FieldNames(minimum={name: 4}))
    assert (len(records), checked.fields.records_left_out) == (2, 1)
    assert checked.fields.fields["selection"] == name
    checked, records = converted(*graded, fields=FieldNames(ignore=(name,)))
    assert (len(records), checked.fields.left_out) == (3, (name,))


@pytest.mark.parametrize(
    "grades", [("0,5", "0,6"), ("4/5", "1/5"), ("★★★★☆", "★☆☆☆☆"), ("80 %", "20 %"), ("high", "low")]
)
def test_grades_in_other_forms_are_different_too(grades):
    records = [{**PAIR, "question": f"How deep is pier {grade}?", "rating": grade} for grade in grades]
    checked, _ = converted(*records)
    assert findings(checked, "graded") == [("graded", 2, "rating")]
    assert len(converted(*[{**record, "rating": grades[0]} for record in records])[1]) == 2


@pytest.mark.parametrize(("name", "words"), [("Importance", ("High", "Normal")), ("quality", ("good", "ok"))])
def test_words_that_grade_no_answer_are_no_grades(name, words):
    checked, records = converted(*({**PAIR, "question": f"Is {word} it?", name: word} for word in words))
    assert (len(records), findings(checked, "graded")) == (2, [])
    if name == "Importance":
        assert checked.fields.left_out == (name,)


def test_a_minimum_is_compared_with_a_decimal_comma():
    records = [{**PAIR, "rating": grade} for grade in ("4,5", "3,9", "5/5")]
    checked, learnt = converted(*records, fields=FieldNames(minimum={"rating": 4}))
    assert (len(learnt), checked.fields.records_left_out) == (2, 1)


@pytest.mark.parametrize(("body", "title"), [("body", "title"), ("Email Body", "Subject"), ("selftext", "post_title")])
def test_a_title_above_a_body_belongs_to_the_question(body, title):
    fields = FieldNames(prompt=body)
    checked, [record] = converted({title: "Pier 4", body: "How deep is it?", "answer": "Nine."}, fields=fields)
    assert question(record) == "Pier 4\n\nHow deep is it?"
    assert checked.fields.fields["instruction"] == title
    _, [record] = converted({**PAIR, title: "Pier 4"})
    assert question(record) == PAIR["question"]


def test_alpacas_text_that_repeats_the_record_is_left_out():
    whole = f"Below is an instruction.\n\n### Instruction:\n{PAIR['question']}\n\n### Response:\n{PAIR['answer']}"
    record = {"instruction": PAIR["question"], "input": "", "output": PAIR["answer"], "text": whole}
    checked, [learnt] = converted(record)
    assert [message["content"] for message in learnt["messages"]] == list(PAIR.values())
    assert (checked.fields.left_out, findings(checked, "left-out-field")) == (("text",), [])
    # Without an answer beside it, the text is the record, and does not have its instruction twice.
    _, [learnt] = converted({"instruction": PAIR["question"], "text": whole})
    assert [message["content"] for message in learnt["messages"]] == list(PAIR.values())


@pytest.mark.parametrize(("name", "taken"), [("solution", "answer"), ("query", "question")])
def test_another_answer_that_is_left_out_is_named_as_one(name, taken):
    checked, _ = converted({**PAIR, name: "Add five to four."})
    [found] = [finding for finding in checked.findings.kept if finding.rule == "left-out-field"]
    assert found.message == f"is left out: the {taken} is taken from '{taken}'."
    assert ("--completion-field" if taken == "answer" else "--prompt-field") in found.remedy


def test_a_record_without_the_field_of_a_minimum_is_left_out():
    checked, records = converted(PAIR, {**PAIR, "rating": 5}, fields=FieldNames(minimum={"rating": 4}))
    assert (len(records), checked.fields.records_left_out) == (1, 1)


@pytest.mark.parametrize("rejected", ["I do not know, ask the master.", "I do not know.", "Yes", "No", "bad", "1"])
def test_the_better_of_two_answers_is_learnt_and_the_rejected_one_is_shown_as_left_out(rejected):
    checked, [record] = converted({"prompt": "How deep?", "chosen": "Nine.", "rejected": rejected})
    assert [finding.rule for finding in checked.findings.kept] == ["record-count"]
    assert record["messages"][-1]["content"] == "Nine."
    assert checked.fields.left_out == ("rejected",)


@pytest.mark.parametrize("name", ["image", "images", "audio", "video"])
def test_media_beside_the_question_are_refused(name):
    checked, _ = converted({**PAIR, name: "pier.png"})
    assert findings(checked, "media") == [("media", 1, name)]
    _, records = converted({**PAIR, name: None}, {**PAIR, name: []})
    assert len(records) == 2


def test_tools_beside_the_question_are_refused():
    checked, _ = converted({**PAIR, "tools": [{"name": "depth"}]})
    assert findings(checked, "tool-use") == [("tool-use", 1, "tools")]


@pytest.mark.parametrize("more", [{}, {"context": ""}])
def test_fields_that_are_left_out_are_named_once(more):
    """Also on the fast path, which a field of a known name excludes."""
    records = [
        {**PAIR, "id": 7, "language": "en", "nuance": "" if n == 0 else "x", "empty": None, **more} for n in range(5)
    ]
    checked, converted_records = converted(*records)
    assert len(converted_records) == 5
    assert checked.fields.left_out == ("id", "language", "nuance")
    assert findings(checked, "left-out-field") == [("left-out-field", None, "nuance")]
    assert checked.as_json()["left_out"] == ("id", "language", "nuance")


def test_a_field_with_an_object_is_searched_on_the_fast_path_too():
    checked, records = converted(*[{**PAIR, "about": None}] * 3, {**PAIR, "about": {"deleted": True}})
    assert (len(records), checked.fields.records_left_out) == (3, 1)


ANSWERS = [
    ["Nine.", "9 m"],
    {"text": ["Nine.", "9 m", "9 m"], "answer_start": [1, 2, 2]},
    [{"text": "Nine."}, {"text": "9 m"}],
]


@pytest.mark.parametrize("answers", ANSWERS, ids=str)
def test_of_several_answers_the_first_is_learnt_with_a_warning(answers):
    checked, [record] = converted({"question": "How deep?", "answers": answers})
    assert record["messages"][-1]["content"] == "Nine."
    assert findings(checked, "several-answers") == [("several-answers", 1, "answers")]


NAMES = [
    ("Frage", "Antwort"), ("質問", "回答"), ("问题", "答案"), ("질문", "답변"), ("Question", "Réponse"),
    ("Pregunta", "Respuesta"), ("Pergunta", "Resposta"), ("Domanda", "Risposta"), ("Vraag", "Antwoord"),
    ("Вопрос", "Ответ"), ("السؤال", "الجواب"), ("प्रश्न", "उत्तर"), ("Pytanie", "Odpowiedź"), ("soru", "cevap"),
    ("Question:", " ANSWER "), ("inputs", "targets"), ("Ques", "Ans"), ("question_text", "answer_text"),
    ("User Input", "Model Response"),
    ("\u200fשאלה", "תשובה\u200f"),
    ("คำถาม", "คำตอบ"), ("سوال", "پاسخ"), ("问", "答"), ("input_text", "output_text"), ("question", "ground_truth"),
    ("Pitanje", "Odgovor"), ("Питање", "Одговор"), ("Otázka", "Odpoveď"), ("Küsimus", "Vastus"), ("Swali", "Jibu"),
    ("Klausimas", "Atsakymas"), ("Jautājums", "Atbilde"), ("ప్రశ్న", "సమాధానం"), ("ചോദ്യം", "ഉത്തരം"),
    ("પ્રશ્ન", "જવાબ"), ("ಪ್ರಶ್ನೆ", "ಉತ್ತರ"), ("ਸਵਾਲ", "ਜਵਾਬ"), ("Հարց", "Պատասխան"), ("კითხვა", "პასუხი"),
    ("Sual", "Cavab"), ("Сұрақ", "Жауап"), ("Tanong", "Sagot"), ("Ceist", "Freagra"), ("Consulta", "Respuesta"),
]  # fmt: skip


@pytest.mark.parametrize(("asks", "answers"), NAMES)
def test_names_in_many_languages(asks, answers):
    checked, [record] = converted({answers: "Nine.", asks: "How deep?"})
    assert [message["content"] for message in record["messages"]] == ["How deep?", "Nine."]
    assert checked.fields.fields == {"prompt": asks, "completion": answers}


LABELLED = [("text", "label"), ("Sentence", "Category"), ("utterance", "intent"), ("question", "class")]


@pytest.mark.parametrize(("asks", "labels"), LABELLED)
def test_the_label_of_a_text_is_its_answer_where_there_is_no_other(asks, labels):
    checked, [record] = converted({labels: "billing", asks: "My bill is wrong."})
    assert [message["content"] for message in record["messages"]] == ["My bill is wrong.", "billing"]
    assert checked.fields.fields == {"prompt": asks, "completion": labels}
    also = converted({**PAIR, labels: "billing"})[0].fields.fields
    assert also["completion"] == "answer"


def test_an_answer_that_is_an_object_is_learnt_as_json():
    order = {"total": 12.5, "item": "Stuhl é", "note": None, "lines": [{"n": 2}]}
    checked, [record] = converted({"text": "Two chairs.", "answer": order})
    assert json.loads(record["messages"][-1]["content"]) == order
    assert "é" in record["messages"][-1]["content"]
    assert checked.fields.fields == {"prompt": "text", "completion": "answer"}
    inside = converted({"question": "How deep?", "response": {"answer": "Nine.", "by": "me"}})[0]
    assert inside.fields.fields["completion"] == "response.answer"


@pytest.mark.parametrize("text", ["\u200b", "\ufeff \u2060", "\u00ad\u200d\n", "\u3164", "\u2800"])
def test_an_answer_of_invisible_characters_is_empty(text):
    checked, _ = converted(PAIR, {**PAIR, "answer": text})
    assert findings(checked, "empty-text") == [("empty-text", 2, "answer")]
    _, [record] = converted({**PAIR, "answer": f"{text}9"})
    assert record["messages"][-1]["content"] == f"{text}9"


def test_fields_inside_of_fields_are_counted_before_they_are_compared_with_known_names():
    row = {outer: {f"{outer}{number}": number for number in range(600)} for outer in ("one", "other")}
    found = detect_schema({"question": "q", "answer": "a", **row}, FieldNames())
    assert isinstance(found, Issue)
    assert found.rule == "field-count"
    assert "1,202 fields; at most 1,000" in found.message


def test_an_annotation_that_was_cancelled_is_left_out():
    """Label Studio's JSON-MIN."""
    rows = [{"text": f"Pier {at}", "sentiment": "good", "was_cancelled": at == 1} for at in range(3)]
    checked, records = converted(*rows)
    assert len(records) == 2
    assert findings(checked, "left-out") == [("left-out", 2, "was_cancelled")]
