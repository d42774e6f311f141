"""Recognises questions and answers by names of several words: `User Query`, `Kundenfrage`, `回答内容`.

Such a name is taken only if one field of the record can be meant. It is a guess, so a warning names the field.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from tuner.datasets.field_and_role_names import ANSWERS, QUESTIONS, Kind, find_known, kind_of, normal
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.reading.question_map import QUESTION_MARKS

GUESSED_FIELD = "field-name"
# Known names that are also names of people and of origins: a name of several words is clearer.
_UNCLEAR = frozenset(("user", "human", "customer", "source", "assistant", "bot", "chatbot"))
# These say nothing about the word beside them.
_NO_WORDS = _UNCLEAR | {
    "q", "a", "target", "reference", "problem", "sentence1", "sentence2", "gpt", "chosen", "cop",
}  # fmt: skip
_ENGLISH_QUESTIONS = (
    "question",
    "questions",
    "query",
    "prompt",
    "inquiry",
    "enquiry",
    "request",
    "instruction",
    "input",
)
_ENGLISH_ANSWERS = ("answer", "answers", "response", "reply", "completion", "output", "solution")
# What may hold a question where no field is called one: `Email Body`, `Nachricht des Kunden`. `Email` is an address.
_MAILS = ("email", "e_mail", "mail", "courriel", "correo", "メール", "邮件", "郵件", "이메일", "메일")
_LETTERS = (
    "message", "ticket", "letter", "complaint", "problem", "issue", "mensaje", "mensagem", "messaggio", "nachricht",
    "nachrichten", "anfrage", "bericht", "письмо", "письма", "сообщение", "сообщения", "обращения", "wiadomość",
    "wiadomości",
    "zgłoszenia", "zprávy", "メッセージ", "消息", "رسالة", "الرسالة",
)  # fmt: skip
_LETTER_TEXTS = frozenset(("description", "details"))
# Words that end a word of German, Dutch or a Nordic language: `Kundenfrage`, `klantvraag`, `kundesvar`.
_QUESTION_ENDS = ("frage", "fragen", "vraag", "fråga", "spørgsmål", "spørsmål", "kysymys")
_ANSWER_ENDS = ("antwort", "antworten", "antwoord", "svar", "vastaus")
_OTHER_WORDS = frozenset((
    "umfrage", "umfragen", "rückfrage", "rückfragen", "nachfrage", "nachfragen", "ansvar", "forsvar", "försvar",
))  # fmt: skip
# Nouns with the ending of the one they belong to, in Turkish and Hungarian (`Müşteri sorusu`), and of what belongs to
# them, in Slavic languages (`Текст ответа`).
_QUESTION_FORMS = ("sorusu", "soruları", "kérdése", "вопроса", "питання", "pytania", "otázky")
_ANSWER_FORMS = ("cevabı", "yanıtı", "válasza", "ответа", "відповіді", "odpowiedzi", "odpovědi")
# Who asks and who answers. `Frage Kunde` is a question, and `Customer message` is one too.
_ASKERS = frozenset((
    "customer", "user", "client", "caller", "student", "patient", "kunde", "kunden", "nutzer", "anwender", "klant",
    "gebruiker", "cliente", "utilisateur", "usuario", "utente", "kund", "human", "incoming", "received",
))  # fmt: skip
_ANSWERERS = frozenset((
    "agent", "support", "assistant", "bot", "chatbot", "model", "expert", "advisor", "teacher", "mitarbeiter", "modell",
    "medewerker", "conseiller", "agente", "modèle", "modelo", "team", "outgoing", "sent",
))  # fmt: skip
_MESSAGES = frozenset(("message", "messages", "comment", "utterance", "nachricht", "bericht", "mensaje", "mensagem"))
_EAST_ASIAN_QUESTIONS = ("質問", "問い", "問い合わせ", "問合せ", "問題", "问题", "提问", "问", "질문", "문의")
_EAST_ASIAN_ANSWERS = ("回答", "答え", "解答", "返答", "返信", "応答", "答案", "答复", "回复", "답변", "응답", "대답")
_EAST_ASIAN_TEXT = re.compile(r"(?:の?内容|本文|正文|文|テキスト|欄|例|내용|본문)$")
_TEXT_OF = re.compile(r"(?<=\w{3})s?te(?:x|ks)te?n?$")  # `Antworttext`, `vraagtekst`
_EAST_ASIAN_NOT = ("未", "無", "无", "不", "미")
# Words of languages in which the noun comes first, and that are written in ASCII.
_NOUNS_FIRST = frozenset((
    "pregunta", "pergunta", "domanda", "respuesta", "resposta", "risposta", "reponse", "pytanie",
))  # fmt: skip
# What follows says whose it is, or what it is about: `question of the customer`, `Réponse du support`.
_PREPOSITIONS = frozenset((
    "of", "by", "from", "to", "for", "about", "des", "der", "vom", "von", "zur", "zum", "für", "van", "voor", "till",
    "från", "du", "de", "del", "della", "dello", "dell", "da", "do", "dos", "das", "di", "à", "au", "aux", "para",
    "per", "pour", "của", "от", "для", "на",
))  # fmt: skip
_TEXT_WORDS = frozenset((
    "text", "content", "body", "string", "texte", "texto", "testo", "tekst", "текст", "文", "내용", "corps", "cuerpo",
    "corpo", "contenu", "contenido", "conteúdo", "contenuto", "inhalt", "treść", "зміст", "نص", "본문",
))  # fmt: skip
_ARTICLES = frozenset(("the", "la", "le", "les", "l", "el", "lo", "o", "a", "os", "as", "il", "gli", "der", "des"))
# A column for each language: `question_en`, `question_de`. The codes are some of ISO 639-1.
_LANGUAGES = frozenset((
    "ar", "bg", "bn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "it",
    "ja", "ko", "lt", "lv", "ms", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "ta", "th", "tr", "uk", "vi",
    "zh", "english", "german", "french", "spanish", "italian", "portuguese", "chinese", "japanese", "korean", "arabic",
))  # fmt: skip
# A field that says something of another question or answer, or whether there is one.
_NOT_IT = frozenset((
    "is", "has", "was", "no", "not", "without", "needs", "previous", "prior", "earlier", "next", "follow", "followup",
    "related", "similar", "other", "negative", "system", "alternative", "ist", "hat", "kein", "keine",
    "vorherige", "weitere", "ähnliche",
))  # fmt: skip
_LONGEST_NAME, _MOST_WORDS = 48, 6
_IN_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_BETWEEN_WORDS = re.compile(r"[_/,:'’&]+")


@dataclass(frozen=True, slots=True)
class FoundField:
    """The field of a role: `guessed` from a word in its name, or `unclear` because persons have such names too.

    Without a `name`, several `candidates` may be meant.
    """

    name: str | None = None
    guessed: bool = False
    unclear: bool = False
    candidates: tuple[str, ...] = ()


class FieldRole:
    """What a question, or an answer, is called."""

    def __init__(
        self,
        what: str,
        setting: str,
        known: tuple[str, ...],
        english: tuple[str, ...],
        speakers: frozenset[str],
        *ends: tuple[str, ...],
    ) -> None:
        self.what = what
        self.setting = setting
        self.known = known
        self._speakers = speakers
        self._ends, self._east_asian = ends
        self._words = frozenset({*map(normal, known), *english} - _NO_WORDS)
        not_first = {*english, *self._ends, *self._east_asian}
        self._first = frozenset(word for word in self._words - not_first if not word.isascii() or word in _NOUNS_FIRST)

    def find(self, names: list[str]) -> FoundField:
        """The field with a known name. A name of several words is better than a known one that is unclear."""
        exact = find_known(self.known, names)
        if exact is not None and normal(exact) not in _UNCLEAR:
            return FoundField(exact)
        meant = [name for name in names if self._is_meant(name)]
        if len(meant) == 1:
            return FoundField(meant[0], guessed=True)
        return FoundField(exact, unclear=exact is not None, candidates=tuple(meant))

    def issue(self, name: str) -> Issue:
        """A warning that the field was taken for this."""
        message = f"is taken for the {self.what}, because of a word in its name."
        remedy = f"Nothing to do if that is right. Else name the right field with {field_setting(self.setting)}."
        return Issue(GUESSED_FIELD, message, remedy, name, "warning")

    def _is_meant(self, name: str) -> bool:
        if len(name) > _LONGEST_NAME or name.rstrip().endswith((*QUESTION_MARKS, ".", "!")):
            return False  # a sentence: the first line of a table without a header
        if kind_of(name) is not Kind.UNKNOWN:
            return False
        words = [word for word in _BETWEEN_WORDS.split(normal(_IN_BRACKETS.sub(" ", name))) if word]
        if not 0 < len(words) <= _MOST_WORDS or _NOT_IT & set(words):
            return False
        if any(kind_of(word) is Kind.REJECTION for word in words):
            return False
        return self._names_it(_main_words(words))

    def _names_it(self, words: list[str]) -> bool:
        name, last = "_".join(words), words[-1]
        if name in self._words or any(name.endswith(f"_{word}") for word in self._words):
            return True
        if last not in _OTHER_WORDS and any(last.endswith(end) and last != end for end in self._ends):
            return True
        if any(name.startswith(f"{word}_") for word in self._first):
            return True
        if len(words) == 2 and words[0] in self._words and words[1] in _ASKERS | _ANSWERERS:
            return True
        if len(words) == 2 and words[0] in self._speakers and words[1] in _MESSAGES:
            return True
        text = _EAST_ASIAN_TEXT.sub("", last)
        return not text.startswith(_EAST_ASIAN_NOT) and text.endswith(self._east_asian)


def _main_words(words: list[str]) -> list[str]:
    """The words without what the field is about, its language and its number: `text of the answer` is `answer`."""
    if words[0] in _TEXT_WORDS and len(words) > 1:
        words = list(itertools.dropwhile(lambda word: word in _PREPOSITIONS | _ARTICLES, words[1:])) or words
    about = next((at for at, word in enumerate(words[:-1]) if at and word in _PREPOSITIONS), len(words))
    words = words[:about]
    while len(words) > 1 and (words[-1] in _TEXT_WORDS | _LANGUAGES or words[-1].isdigit()):
        words.pop()
    return [*words[:-1], _TEXT_OF.sub("", words[-1])]


def letter(names: list[str]) -> FoundField:
    """The field with the text of a letter, which is the question where no field is called one: `Email Body`."""
    meant = [name for name in names if kind_of(name) is Kind.UNKNOWN and _is_letter(name)]
    return FoundField(meant[0], guessed=True) if len(meant) == 1 else FoundField(candidates=tuple(meant))


def _is_letter(name: str) -> bool:
    words = [word for word in _BETWEEN_WORDS.split(normal(_IN_BRACKETS.sub(" ", name))) if word]
    if not 1 <= len(words) <= _MOST_WORDS or _NOT_IT & set(words):
        return False
    main = _main_words(words)
    if main[-1] in _LETTER_TEXTS and len(main) > 1:
        main.pop()
    plain = _EAST_ASIAN_TEXT.sub("", "_".join(main))
    is_text = bool(_TEXT_WORDS & set(words)) or not plain.endswith(main[-1]) or main[-1] not in words
    known = _LETTERS + _MAILS if is_text else _LETTERS
    return plain != "_".join(words) and any(plain == each or plain.endswith(f"_{each}") for each in known)


QUESTION = FieldRole(
    "question",
    "prompt",
    QUESTIONS,
    (*_ENGLISH_QUESTIONS, *_QUESTION_FORMS),
    _ASKERS,
    _QUESTION_ENDS,
    _EAST_ASIAN_QUESTIONS,
)
ANSWER = FieldRole(
    "answer",
    "completion",
    ANSWERS,
    (*_ENGLISH_ANSWERS, *_ANSWER_FORMS),
    _ANSWERERS,
    _ANSWER_ENDS,
    _EAST_ASIAN_ANSWERS,
)
