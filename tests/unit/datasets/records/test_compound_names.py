"""Names of several words: taken if one field can be meant, with a warning, and refused if several can."""

from __future__ import annotations

import json

import pytest

from tests.unit.datasets.memory_files import CLAUDE, MemorySink, MemorySource, jsonl
from tuner.catalog import model
from tuner.datasets import CheckedFile, RecordLimits, convert, readiness
from tuner.datasets.records.schemas.compound_names import ANSWER, QUESTION, letter
from tuner.settings import FieldNames

RECORD = ("How deep is pier 4?", "Nine metres.")


def read(data: bytes, name: str = "training.jsonl") -> tuple[CheckedFile, list[dict]]:
    sink = MemorySink()
    checked = convert(MemorySource(name, data), RecordLimits(model(CLAUDE), "training"), FieldNames(), sink)
    return checked, [json.loads(line) for line in (sink.committed or b"").splitlines()]


# fmt: off
PAIRS = [
    ("User Query", "Agent Response"), ("Customer Question", "Suggested Answer"), ("Kundenfrage", "Musterantwort"),
    ("Kundenfrage", "Antwort des Supports"), ("customerQuestion", "botAnswer"), ("Question (EN)", "Answer (final)"),
    ("Question du client", "Réponse de l'agent"), ("Pregunta del cliente", "Respuesta del agente"),
    ("Вопрос клиента", "Ответ оператора"), ("Pytanie klienta", "Odpowiedź konsultanta"), ("سؤال العميل", "جواب الدعم"),
    ("お客様の質問", "回答内容"), ("客户问题", "标准答案"), ("고객 질문", "상담 답변"),
    ("klantvraag", "Antwoord van support"), ("Kundfråga", "Supportsvar"), ("Support Request", "Reply Text"),
    ("data.user_query", "data.expected_output"),
    ("Câu hỏi của khách", "Câu trả lời của nhân viên"), ("Question 1", "Answer 1"),
    ("Müşteri sorusu", "Destek cevabı"), ("Frage Kunde", "Antwort Mitarbeiter"), ("사용자 질문", "답변 내용"),
    ("Vraagtekst", "Antwoordtekst"), ("Fragetext", "Unsere Antwort"), ("Texte de la question", "Corps de la réponse"),
    ("Testo della domanda", "Testo della risposta"), ("Текст вопроса", "Текст ответа"), ("질문 본문", "답변 본문"),
    ("Treść pytania", "Treść odpowiedzi"), ("نص السؤال", "نص الإجابة"), ("提问正文", "回复正文"),
    ("Incoming message", "Sent message"),
    ("question_en", "answer_en"),
    ("Consulta", "Respuesta correcta"), ("Quesito", "Risposta"), ("Запрос", "Ответ"), ("お問合せ内容", "回答例"),
    ("Customer message", "Agent reply"), ("Vraag van klant", "Antwoord medewerker"), ("User comment", "Bot message"),
]
# fmt: on


@pytest.mark.parametrize(("asked", "answered"), PAIRS)
def test_a_name_of_several_words_is_taken_and_named(asked, answered):
    assert QUESTION.find(["ID", asked, answered]).name == asked
    assert ANSWER.find(["ID", asked, answered]).name == answered


def test_what_was_taken_is_a_warning():
    checked, [record] = read(jsonl([{"ID": 1, "User Query": RECORD[0], "Agent Response": RECORD[1]}]))
    assert [message["content"] for message in record["messages"]] == list(RECORD)
    assert checked.fields.fields == {"prompt": "User Query", "completion": "Agent Response"}
    found = [finding for finding in checked.findings.kept if finding.rule == "field-name"]
    assert [(finding.field, finding.severity) for finding in found] == [
        ("User Query", "warning"),
        ("Agent Response", "warning"),
    ]
    assert "is taken for the question" in found[0].message
    assert "--prompt-field" in found[0].remedy
    assert not any("is taken for" in advice for advice in readiness(checked.findings).fix_first), "it is no fault"


def test_a_table_below_a_title_is_read():
    data = b"Support 2026\n\nKundenfrage;Musterantwort\nWie tief?;Neun.\n"
    checked, [record] = read(data, "training.csv")
    assert checked.ready, checked.findings.kept
    assert record["messages"][0]["content"] == "Wie tief?"


# fmt: off
LETTERS = [
    "Email Body", "E-Mail-Text", "email_text", "Ticket Description", "Message Content", "Corps du message",
    "Cuerpo del correo", "Testo dell'email", "Corpo do e-mail", "メール本文", "邮件正文", "Текст письма",
    "Treść wiadomości", "Nachrichtentext", "Nachricht des Kunden", "نص الرسالة", "이메일 내용", "data.email_body",
]
NO_LETTERS = [
    "Email", "E-Mail", "Customer Email", "Email Address", "Email of customer", "Ticket ID", "Ticket Status", "mail",
    "Message Date", "Email Body Length", "previous message text", "メール", "correo",
]
# fmt: on


@pytest.mark.parametrize("name", LETTERS)
def test_the_text_of_a_letter_is_the_question_if_no_field_is_called_one(name):
    checked, [record] = read(jsonl([{"ID": 1, name.rpartition(".")[2]: RECORD[0], "Reply Body": RECORD[1]}]))
    assert [message["content"] for message in record["messages"]] == list(RECORD)
    found = [finding.field for finding in checked.findings.kept if finding.rule == "field-name"]
    assert found == [name.rpartition(".")[2], "Reply Body"]
    assert QUESTION.find([name, "Question"]).name == "Question"


@pytest.mark.parametrize("names", [*([name] for name in NO_LETTERS), ["Email Body", "Ticket Text"]], ids=str)
def test_an_address_and_other_facts_of_a_letter_are_no_question(names):
    assert letter(names).name is None


def test_line_breaks_in_the_names_of_columns_are_spaces():
    checked, [_] = read(b'"Kunden-\nfrage","Antwort\n(final)"\nWie tief?,Neun.\n', "training.csv")
    assert checked.fields.fields == {"prompt": "Kunden- frage", "completion": "Antwort (final)"}


def test_of_several_fields_none_is_taken():
    checked, records = read(jsonl([{"ChatGPT Answer": "Ten.", "Human Answer": RECORD[1], "question": RECORD[0]}]))
    assert records == []
    [found] = [finding for finding in checked.findings.kept if finding.rule == "missing-field"]
    assert found.message == "several fields may hold the answer: 'ChatGPT Answer', 'Human Answer'."
    assert "--completion-field" in found.remedy


def test_a_known_name_is_better_than_one_of_several_words():
    assert QUESTION.find(["original question", "question"]).name == "question"
    assert not QUESTION.find(["original question", "question"]).guessed


@pytest.mark.parametrize("unclear", ["customer", "user", "source", "human"])
def test_a_name_of_several_words_is_better_than_that_of_a_person(unclear):
    assert QUESTION.find([unclear, "customer question"]).name == "customer question"
    assert QUESTION.find([unclear, "completion"]).name == unclear


# fmt: off
OTHERS = [
    "Question ID", "Question Type", "Response Time", "Answer Date", "Number of answers", "system_prompt", "has_answer",
    "Is Answer", "No Answer", "Rejected Response", "wrong answer", "Follow-up Question", "previous question", "Umfrage",
    "Rückfrage", "Ansvar", "質問者", "回答日", "未回答", "质问者", "What is the answer?",
    "This is my answer.", "Prompt Tokens",
    "Date of question", "Frage Nr", "Antwort Datum", "message", "comment",
    "output format", "related questions", "negative_prompt", "question_id", "answer_start",
]
# fmt: on


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_not_taken(name):
    assert QUESTION.find([name]).name is None
    assert ANSWER.find([name]).name is None
