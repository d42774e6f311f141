"""What names in data mean: fields of questions and answers in several languages, roles, and what selects records.

To make another name known, add it to its kind here. docs/datasets.md describes the kinds.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

from tuner.catalog.models import RecordFormat

# Rows of a user's file, of any format. Whatever reads a field checks its type first.
Fields: TypeAlias = Mapping[str, object]

# If a record has several of these names, the earliest in the list is used.
QUESTIONS = (
    "question", "prompt", "instruction", "query", "sentence1", "input", "user", "problem", "source", "q",
    "questions", "question_text", "user_input", "text_input", "input_text", "inputs", "ques", "user_message",
    "human", "customer",
    "frage", "fragen", "eingabe",  # German
    "pregunta", "preguntas", "pergunta", "perguntas", "domanda", "domande", "vraag", "vragen",  # es, pt, it, nl
    "質問", "問い", "質問文", "入力", "問題", "问题", "提问", "問", "问", "输入", "輸入", "질문", "문제",  # ja, zh, ko
    "вопрос", "вопросы", "питання", "запитання", "въпрос",  # Russian, Ukrainian, Bulgarian
    "سؤال", "السؤال", "الأسئلة", "پرسش", "سوال", "שאלה", "प्रश्न", "सवाल", "প্রশ্ন", "கேள்வி",  # ar, fa, he, hi, bn, ta
    "pytanie", "otázka", "kérdés", "întrebare", "soru", "fråga", "spørgsmål", "spørsmål", "kysymys",
    "ερώτηση", "câu_hỏi", "คำถาม", "pertanyaan", "soalan", "consulta", "quesito", "dotaz", "запрос",
    "pitanje", "питање", "vprašanje", "küsimus", "klausimas", "jautājums", "spurning", "ceist", "galdera",
    "swali", "umbuzo", "tanong", "հարց", "კითხვა", "sual", "сұрақ",  # sw, zu, tl, hy, ka, az, kk
    "ప్రశ్న", "ചോദ്യം", "પ્રશ્ન", "ಪ್ರಶ್ನೆ", "ਸਵਾਲ", "ਪ੍ਰਸ਼ਨ",  # Telugu, Malayalam, Gujarati, Kannada, Punjabi
)  # fmt: skip
# The right answer, beside one that a model or a person gave: `ground_truth` beside `answer` (RAGAS, quizzes).
RIGHT_ANSWERS = (
    "reference_answer", "ground_truth", "ground_truths", "gold_answer", "ideal_answer", "ideal", "expected_output",
    "expected_answer", "expected_response", "expected", "correct_answer", "best_answer",
    "reference_response", "reference_output", "reference_outputs", "target_output",
)  # fmt: skip
ANSWERS = (
    *RIGHT_ANSWERS,
    # `reference` beside `response` is the right one too. Beside `answer`, it says where the answer is from.
    "answer", "reference", "completion", "output", "response", "sentence2", "assistant", "solution", "target", "a",
    "answers", "completions", "answer_text",
    "output_text", "model_response", "answer_key", "answerkey", "gpt", "chosen", "correct_option", "correct_choice",
    "answer_index", "answer_idx", "correct_index",
    "targets", "ans", "bot", "chatbot", "cop",  # the last one: MedMCQA
    "antwort", "antworten", "ausgabe", "réponse", "reponse", "réponses", "respuesta", "respuestas",
    "resposta", "respostas", "risposta", "risposte", "antwoord", "antwoorden",
    "回答", "答え", "回答文", "解答", "答案", "出力", "答", "输出", "輸出", "답변", "정답", "대답", "응답", "답",
    "ответ", "ответы", "відповідь", "отговор", "جواب", "الجواب", "إجابة", "الإجابة", "اجابة", "پاسخ", "תשובה",
    "उत्तर", "जवाब", "উত্তর", "பதில்", "odpowiedź", "odpověď", "válasz", "răspuns", "cevap", "yanıt", "svar",
    "vastaus", "απάντηση", "câu_trả_lời", "trả_lời", "คำตอบ", "jawaban", "jawapan", "الرد", "जवाफ",
    "odgovor", "одговор", "odpoveď", "vastus", "atsakymas", "atbilde", "freagra", "erantzuna",
    "jibu", "impendulo", "sagot", "պատասխան", "პასუხი", "cavab", "жауап",
    "సమాధానం", "జవాబు", "ഉത്തരം", "જવાબ", "ಉತ್ತರ", "ਜਵਾਬ", "ਉੱਤਰ",
)  # fmt: skip
# A text and its label. They are names of other things too, so they count only where no name above is found.
LABELLED_TEXTS = (
    "text", "sentence", "utterance", "message", "ticket", "review", "tweet", "comment", "headline", "content", "body",
    "texto", "texte", "testo", "文本", "テキスト", "本文", "текст",
)  # fmt: skip
LABELS = (
    "label_text", "label_name", "label", "labels", "category", "class", "class_name", "intent", "sentiment", "emotion",
    "kategorie", "klasse", "etiqueta", "étiquette", "etichetta", "categoria", "categoría", "catégorie",
    "标签", "类别", "ラベル", "カテゴリ", "레이블", "метка", "категория",
)  # fmt: skip
TRANSCRIPTS = (
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "contents",
    "turns",
    "chat",
    "chat_messages",
    "items",
)

# Lists of such pairs are conversations too: `[{"input": "...", "output": "..."}, ...]`.
PAIR_TRANSCRIPTS = ("conversations", "conversation", "dialog", "dialogue", "turns", "chat")

# What pandas, spreadsheets, JavaScript and people write for a value that is missing: in small letters, without spaces
# around slashes and points, and without brackets and a point around the whole (`<NA>`, `None.`).
_PLACEHOLDERS = frozenset((
    "nan", "none", "null", "nil", "na", "n/a", "n.a", "#n/a", "#n/a!", "nat", "undefined", "object object",
    "#value!", "#ref!", "#name?", "tbd", "todo", "-", "--", "–", "—", "?", "xxx", "not applicable", "no input",
    "noinput",
    "[]", "{}",
))  # fmt: skip
# What people write into a context that there is not. As an answer or an input, these are words like others: `Нет.`
_NO_CONTEXT = frozenset((
    "not available", "not provided", "no data", "no context", "nocontext", "empty", "blank",
    "k.a", "k/a", "keine angabe", "keine angaben", "nicht zutreffend", "nicht vorhanden", "n/v",
    "s/o", "sans objet", "n/d", "n.d", "non disponible", "no aplica", "no disponible", "sin datos", "não se aplica",
    "não disponível", "sem dados", "non disponibile", "nessuno", "n.v.t", "niet van toepassing", "ej tillämpligt",
    "brak", "brak danych", "nie dotyczy", "yok", "veri yok", "нет", "нет данных", "не указано", "н/д", "немає даних",
    "無", "无", "暂无", "無し", "なし", "該当なし", "没有", "없음", "해당 없음", "لا يوجد", "غير متوفر", "אין",
    "לא רלוונטי",
    "लागू नहीं", "उपलब्ध नहीं", "ไม่มี", "không có",
))  # fmt: skip
_AROUND_MISSING = re.compile(r"^[<\[(]+(?=\w)|(?<=\w)(?:[>\])]+\.?|[.。।])$")
# Longer texts are not looked at closely.
_LONGEST_PLACEHOLDER = 60
_AROUND_POINT = re.compile(r"\s*([/.])\s*")

# The members of a message with its speaker and with what was said.
ROLES = ("role", "from", "speaker", "sender")
CONTENTS = ("content", "value", "parts", "text", "message")
# Names of speakers in published datasets, in lower case.
_SPEAKERS = {
    **dict.fromkeys(("user", "human", "customer", "client", "prompter", "question"), "user"),
    **dict.fromkeys(
        ("assistant", "gpt", "bot", "model", "chatgpt", "ai", "chatbot", "agent", "answer", "claude", "bing", "bard"),
        "assistant",
    ),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function", "ipython", "observation", "function_response", "function_call"), "tool"),
}
# Words before a text of a chat template (`### Input:`) that are not names of speakers, in lower case.
_HEADINGS = {
    **dict.fromkeys(("instruction", "input", "context", "question", "query", "prompt", "q"), "user"),
    **dict.fromkeys(("response", "answer", "output", "completion", "a"), "assistant"),
}

# Names of the list of records in an object, whatever the fields of the records are called.
RECORD_LISTS = frozenset((
    "data", "examples", "records", "rows", "items", "instances", "samples", "entries", "dataset", "train", "training",
    "validation", "test", "tests", "tickets", "issues", "results", "result",
))  # fmt: skip
# Texts beside this list that could be meant for all of its records.
TEXTS_FOR_ALL = frozenset((
    "context", "passage", "document", "system", "system_prompt", "system_message", "instruction", "instructions",
    "prompt",
))  # fmt: skip


class Kind(Enum):
    """What a field beside question and answer is for."""

    INSTRUCTION = "instruction"
    CONTEXT = "context"
    CHOICES = "choices"
    HISTORY = "history"
    SYSTEM = "system"
    APPROVAL = "says that the record is good"
    REJECTION = "says that the record is not to be used"
    STATUS = "says in a word whether the record is good"
    GRADE = "grades or weighs the record"
    PART = "names the part of a dataset that the record belongs to"
    TURN = "selects the record by one of its messages"
    PLACEHOLDER = "has a text that programs write for a missing value"
    MEDIA = "is not a text"
    TOOLS = "describes tools or their calls"
    DESCRIPTION = "describes the record"
    UNKNOWN = "is not known"


_KINDS: dict[Kind, tuple[str, ...]] = {
    Kind.INSTRUCTION: ("instruction", "instructions", "task_description"),
    Kind.CONTEXT: (
        "context", "contexts", "input", "passage", "passages", "background", "article", "document", "documents",
        "paragraph", "paragraphs", "story", "facts", "evidence", "excerpt", "knowledge", "sql_context", "table",
        "schema", "kontext", "contexte", "contexto", "contesto", "文脈", "背景", "上下文", "지문", "본문", "контекст",
        "السياق", "संदर्भ", "bağlam", "reference_context", "reference_contexts", "retrieved_context",
        "retrieved_contexts", "retrieval_context",
    ),
    Kind.CHOICES: (
        "choices", "options", "answer_choices", "candidates", "alternatives", "answer_options", "multiple_choices",
        "optionen", "opciones", "opções", "opzioni", "opties", "选项", "選択肢", "보기", "варианты",
    ),
    Kind.HISTORY: ("history", "chat_history", "conversation_history", "dialog_history", "previous_turns"),
    Kind.SYSTEM: ("system", "system_prompt", "system_message", "system_instruction", "system_instructions"),
    Kind.APPROVAL: (
        "accepted", "approved", "correct", "valid", "verified", "good", "keep", "use", "include", "included", "active",
        "enabled", "published", "passed", "helpful", "answerable", "desirable", "usable", "selected", "kto_tag",
        "freigegeben", "gültig", "geprüft", "validé", "approuvé", "validado", "aprobado", "aprovado", "approvato",
        "goedgekeurd", "success", "公開", "公开", "承認", "승인", "одобрено", "проверено", "onaylandı",
    ),
    Kind.REJECTION: (
        "deleted", "draft", "rejected", "ignore", "ignored", "skip", "skipped", "exclude", "excluded", "hidden",
        "archived", "invalid", "wrong", "incorrect", "bad", "flagged", "spam", "toxic", "harmful", "unsafe", "obsolete",
        "deprecated", "outdated", "disabled", "impossible", "unanswerable", "removed", "blocked", "discard",
        "discarded", "retracted", "superseded", "undesirable", "todo", "cancelled",
        "canceled", "gelöscht", "entwurf", "abgelehnt",
        "non_preferred_output", "rejected_response", "rejected_answer",
    ),
    Kind.STATUS: (
        "status", "state", "review", "review_status", "approval", "approval_status", "decision", "verdict", "label",
        "feedback", "thumbs", "thumb", "vote", "reaction", "judgement", "judgment", "annotation_status", "outcome",
        "publish_status",
        "estado", "statut", "stato", "状態", "ステータス", "状态", "審査", "审核", "상태", "статус", "الحالة",
        "סטטוס", "durum",
        "स्थिति", "สถานะ",
    ),
    Kind.GRADE: (
        "score", "scores", "overall_score", "rating", "ratings", "stars", "grade", "grades", "quality", "quality_score",
        "reward", "votes", "upvotes", "weight", "sample_weight", "loss_weight", "importance", "confidence", "likes",
        "preference", "points", "pm_score", "helpfulness", "correctness", "bewertung", "gewicht", "評価", "评分",
        "평점",
    ),
    Kind.PART: ("split", "subset", "partition", "fold", "dataset_split", "data_split"),
    Kind.MEDIA: (
        "image", "images", "image_url", "image_path", "audio", "audios", "video", "videos", "media", "picture",
        "pictures", "photo", "photos", "attachment", "attachments", "pixel_values", "speech",
    ),
    Kind.TOOLS: (
        "tools", "functions", "tool_calls", "function_call", "tool_config", "toolconfig",
    ),
    Kind.DESCRIPTION: (
        "id", "ids", "idx", "index", "uuid", "key", "number", "no", "nr", "row", "row_id", "record_id", "question_id",
        "qid", "example_id", "custom_id", "category", "categories", "topic", "topics", "subject", "tag", "tags",
        "language", "languages", "lang", "locale", "source", "sources", "url", "urls", "link", "links", "date",
        "created", "created_at", "updated", "updated_at", "timestamp", "time", "author", "authors", "user", "user_id",
        "title", "name", "type", "kind", "difficulty", "level", "model", "version", "origin", "dataset", "task",
        "domain", "license", "licence", "answer_start", "page", "place", "file_name", "filename", "schemaversion",
        "category_id", "session_id", "conversation_id", "metadata", "file", "files", "document_id", "answer_index",
        "answer_idx", "correct_index", "prompt_id", "message_id", "ticket_id", "run_id", "trace_id", "test_id",
    ),
}  # fmt: skip
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names}
_PREFIX = re.compile(r"^(?:is|was|has|are|human|gold)_")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPACES = re.compile(r"[\s_\-]+")
_CUSTOM = re.compile(r"(?<=\w)__c$")  # fields that a company added to Salesforce: `Answer__c`
_AROUND = " \t\r\n:?*#\"'_\u200b\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff"
# Columns of a multiple-choice question: `A`, `option_b`, `choice 3`.
_CHOICE_COLUMN = re.compile(r"^(?:option|choice|alternative|opt|op)?_?([a-h]|[1-8])$")

# Names inside of an object that is called an answer, which say that the answer is one of its fields.
_ANSWER_INSIDE = {
    "question", "prompt", "answer", "answers", "completion", "output", "response", "content", "value", "message",
    "messages",
}  # fmt: skip

_TEXT_MEMBERS = frozenset(("text", "stem", "value"))
_OBJECTS = frozenset(("question", "query", "prompt", "instruction", "answer", "response", "completion", "output"))

# What `find` returns for a field that is not there: None is a valid JSON value.
MISSING = object()
_MAX_DEPTH = 4


@lru_cache(maxsize=4096)
def normal(name: str) -> str:
    """A name without differences of case, width, spaces and punctuation; of a nested one, the last part.

    The text of an object that is called a question or an answer has the object's name: `question.stem`.
    """
    outer, _, last = name.rpartition(".")
    last = last or name
    if outer and last.casefold() in _TEXT_MEMBERS and (of := normal(outer)) in _OBJECTS:
        return of
    spaced = _CAMEL.sub("_", _CUSTOM.sub("", unicodedata.normalize("NFKC", last)))
    return _SPACES.sub("_", spaced.strip(_AROUND).casefold())


_ANSWER_NAMES = frozenset(map(normal, ANSWERS))
_LABEL_NAMES = frozenset(map(normal, LABELS))


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What a field is for, by its name. `isCorrect` and `is_correct` are `correct`."""
    plain = normal(name)
    for known in (plain, _PREFIX.sub("", plain), plain.replace("_", "")):
        if kind := _BY_NAME.get(known):
            return kind
    return Kind.UNKNOWN


def find_known(known: tuple[str, ...], names: list[str]) -> str | None:
    """The field whose name is the earliest of the known names."""
    by_normal = {normal(name): name for name in reversed(names)}
    # Known names are normalized too: NFKC splits a vowel sign of Thai (`คำถาม`).
    return next((by_normal[name] for name in map(normal, known) if name in by_normal), None)


def choice_columns(names: list[str]) -> list[str]:
    """The columns of a multiple-choice question, in their order; none if there is only one such column."""
    found = {match.group(1): name for name in names if (match := _CHOICE_COLUMN.match(normal(name)))}
    first = "a" if "a" in found else "1"
    in_order = [found[mark] for mark in sorted(found) if mark.isalpha() == first.isalpha()]
    return in_order if len(in_order) > 1 and first in found else []


def are_numbered_choices(names: list[str]) -> bool:
    """Whether the columns of the choices are numbered from 1: `option1`, `option2`."""
    return len(names) > 1 and names == choice_columns(names) and normal(names[0]).endswith("1")


def leaf_names(row: Fields, prefix: str = "") -> Iterator[str]:
    """Names of the row's fields: outer ones first, nested ones with dots (`data.question`)."""
    nested = {n: v for n, v in row.items() if isinstance(v, Mapping) and not _is_one_field(n, v)}
    yield from (prefix + name for name in row if name not in nested)
    if prefix.count(".") < _MAX_DEPTH:
        for name, inner in nested.items():
            yield from leaf_names(inner, f"{prefix}{name}.")
    else:
        yield from (prefix + name for name in nested)


def _is_one_field(name: str, value: Fields) -> bool:
    """Whether an object is one value: a message, choices by their letters, and SQuAD's answers.

    An answer that is an object of other fields is one, too: it is used as JSON. One with an answer in it is not.
    """
    kind = kind_of(name)
    return (
        {"role", "content"} <= value.keys()
        or kind in (Kind.CHOICES, Kind.MEDIA, Kind.TOOLS, Kind.SYSTEM)
        or (normal(name) in _LABEL_NAMES and value.keys() == {"choices"})
        or (
            normal(name) in _ANSWER_NAMES
            and ("text" in value or not _ANSWER_INSIDE & {normal(inner) for inner in value})
        )
    )


def find(row: Fields, name: str) -> Any:
    """The value of a field (`data.question` is the nested one); `MISSING` when the row has no such field."""
    if name in row:
        return row[name]
    outer, dot, inner = name.partition(".")
    nested = row.get(outer) if dot else None
    return find(nested, inner) if isinstance(nested, Mapping) else MISSING


def has_content(value: Any) -> bool:
    """Whether a value says anything: not null, not an empty text, list or object, and not Alpaca's `<noinput>`."""
    if isinstance(value, str):
        return value.strip() not in ("", "<noinput>")
    return value is not MISSING and value is not None and value not in ([], {})


def is_placeholder(value: object) -> bool:
    """Whether a text stands for a missing value: `N/A`, `nan`, `-`, `None.`."""
    return isinstance(value, str) and not _PLACEHOLDERS.isdisjoint(_plain_forms(value))


def is_no_context(value: object) -> bool:
    """Whether a text beside a question says that there is nothing: also `<nocontext>`, `keine Angabe`."""
    return isinstance(value, str) and not (_PLACEHOLDERS | _NO_CONTEXT).isdisjoint(_plain_forms(value))


def _plain_forms(text: str) -> tuple[str, ...]:
    """A short text in small letters, and the same without what is around it."""
    if len(text) > _LONGEST_PLACEHOLDER:
        return ()
    plain = _AROUND_POINT.sub(r"\1", " ".join(text.casefold().split()))
    return plain, _AROUND_MISSING.sub("", plain)


def role_of(message: Fields, native: RecordFormat | None = None) -> str | None:
    """The speaker: `user`, `assistant`, `system`, `tool`, or any other name as it is."""
    found = next((message[name] for name in ROLES[: 1 if native else None] if name in message), None)
    if not isinstance(found, str):
        return None
    return found if native == "converse" else _SPEAKERS.get(found.strip().lower(), found)


def role_of_heading(word: str) -> str:
    """The speaker of a text in a chat template, by the word before it; any other word as it is."""
    word = word.lower()
    return _HEADINGS.get(word) or _SPEAKERS.get(word, word)


def content_name(message: Fields, native: RecordFormat | None = None) -> str | None:
    """The name of the member that holds what was said."""
    return next((name for name in CONTENTS[: 1 if native else None] if name in message), None)
