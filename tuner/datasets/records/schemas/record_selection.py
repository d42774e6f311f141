"""Leaves out records that their own fields say are wrong, rejected, drafts or without weight.

A customization job learns every record alike: it has neither weights nor rejected answers. So a record whose field says
"no" is left out, and a field that grades the records is refused until the settings say which grades are good enough.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tuner.datasets.field_and_role_names import Kind, has_content, kind_of, normal
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.record import DataRole
from tuner.datasets.records.schemas.context_fields import Others
from tuner.settings import FieldNames

_YES = frozenset((
    "true", "yes", "y", "t", "ok", "okay", "accepted", "accept", "approved", "approve", "correct", "good", "right",
    "valid", "final", "published", "done", "reviewed", "verified", "keep", "kept", "pass", "passed", "up",
    "thumbs_up", "thumbsup", "like", "liked", "positive", "chosen", "desirable", "complete", "completed", "active",
    "live", "submitted", "helpful", "ja", "oui", "sí", "si", "sim", "はい", "是", "да",
    "freigegeben", "geprüft", "approuvé", "validé", "aprobado", "validado", "aprovado", "approvato", "goedgekeurd",
    "承認", "承認済み", "公開", "通过", "已通过", "승인", "승인됨", "네", "예", "одобрено", "проверено", "نعم",
    "مقبول", "כן",
    "אושר", "हाँ", "स्वीकृत", "evet", "onaylandı", "tak", "ใช่",
))  # fmt: skip
_NO = frozenset((
    "false", "no", "n", "f", "rejected", "reject", "declined", "denied", "draft", "deleted", "delete", "removed",
    "remove", "incorrect", "wrong", "bad", "invalid", "pending", "todo", "wip", "unreviewed", "skip", "skipped",
    "ignore", "ignored", "exclude", "excluded", "discard", "discarded", "fail", "failed", "down", "thumbs_down",
    "thumbsdown", "dislike", "disliked", "negative", "undesirable", "incomplete", "inactive", "archived",
    "obsolete", "outdated", "deprecated", "flagged", "spam", "unsure", "unhelpful", "hidden", "nein", "non", "não",
    "いいえ", "否", "нет",
    "abgelehnt", "entwurf", "gelöscht", "refusé", "rejeté", "brouillon", "rechazado", "borrador", "rejeitado",
    "recusado", "rascunho", "rifiutato", "respinto", "bozza", "afgewezen", "却下", "下書き", "非公開", "拒绝",
    "未通过", "草稿",
    "거부", "반려", "초안", "아니요", "отклонено", "отклонён", "отклонен", "черновик", "لا", "مرفوض", "مسودة", "לא",
    "נדחה",
    "טיוטה", "नहीं", "अस्वीकृत", "hayır", "reddedildi", "taslak", "nie", "odrzucone", "ไม่",
))  # fmt: skip
_OTHER_PARTS = frozenset(
    ["test", "testing", "eval", "evaluation", "validation", "valid", "val", "dev", "development", "holdout"]
)
# A number with a decimal comma, of a scale, or in percent; and stars.
_NUMBER = re.compile(r"([-+−]?\d+(?:[.,]\d+)?)\s*(?:/\s*\d+|%|(?:out )?of \d+|von \d+|sur \d+|stars?)?", re.IGNORECASE)
_STARS = "★☆"
_LONGEST_WORD = 30
# Other names of grades have words that grade no answer: the importance of a mail, the preference of a customer.
_GRADES_IN_WORDS = frozenset((
    "score", "rating", "ratings", "grade", "grades", "quality", "bewertung", "評価", "评分", "평점",
))  # fmt: skip
# Members of a message that say whether it is learnt: Axolotl, SWIFT, TRL and others.
_LEARNT = frozenset(("train", "training", "trainable", "learn", "loss", "loss_mask"))
_LEARNT_PARTS = "train_detail"
# They hold an answer and are no flags, however short it is.
_REJECTED_ANSWERS = frozenset(("rejected_response", "rejected_answer", "non_preferred_output"))
_FLAGS = (Kind.APPROVAL, Kind.REJECTION, Kind.STATUS)
_NUMBERED = re.compile(r"\[\d+\]")
_IGNORE = f"or ignore the field: {field_setting('ignore')}."


class RecordSelection:
    """Decides about the records of one file, in their order."""

    def __init__(self, fields: FieldNames, role: DataRole) -> None:
        self._fields = fields
        self._role = role
        self._grades: dict[str, float] = {}
        self._words: dict[str, str] = {}
        self._reported: set[str] = set()

    def decision(self, others: Others) -> Issue | None:
        """A warning if the record is left out, an error if that cannot be decided, None if it is used."""
        for name in self._fields.minimum:
            too_low = self._by_minimum(name, others[name].value if name in others else None)
            if too_low:
                return too_low
        for name, (kind, value) in others.items():
            if name in self._fields.minimum:
                continue
            if kind is Kind.MEDIA and has_content(value):
                message = "belongs to the question, but models are tuned on texts here."
                issue: Issue | None = Issue("media", message, f"Remove the record, {_IGNORE}", name)
            elif kind is Kind.GRADE:
                issue = self._by_grade(name, value)
            elif kind is Kind.PART:
                issue = self._by_part(name, value)
            else:
                issue = _by_flag(name, kind, value)
            if issue:
                return issue
        return None

    def _by_minimum(self, name: str, value: Any) -> Issue | None:
        least, grade = self._fields.minimum[name], number_of(value)
        if grade is None:
            return left_out(name, f"is {_shown(value)}, and the least is {least:g}.")
        return left_out(name, f"is {grade:g}, less than {least:g}.") if grade < least else None

    def _by_grade(self, name: str, value: Any) -> Issue | None:
        grade = number_of(value)
        if grade is None:
            return _by_status(name, value) or self._by_word(name, value)
        if grade <= 0:
            enough = field_setting("minimum", f"{name}={grade:g}")
            remedy = f"Nothing to do if that is right; else say which grades are good enough: {enough}, {_IGNORE}"
            return left_out(name, f"is {grade:g}, and records with 0 or less are not used for training.", remedy)
        first = self._grades.setdefault(name, grade)
        if grade == first or name in self._reported:
            return None
        self._reported.add(name)
        message = f"grades the records ({first:g}, {grade:g}, ...), but a model learns all records alike."
        remedy = f"Say which are good enough: {field_setting('minimum', f'{name}=VALUE')}, {_IGNORE}"
        return Issue("graded", message, remedy, name)

    def _by_word(self, name: str, value: Any) -> Issue | None:
        """An error if a grade that is no number, such as `high`, is not the same in all records."""
        if normal(name) not in _GRADES_IN_WORDS or yes_or_no(value) is not None:
            return None
        if not isinstance(value, str) or not has_content(value) or len(value) > _LONGEST_WORD:
            return None
        word = value.strip().casefold()
        first = self._words.setdefault(name, word)
        if word == first or name in self._reported:
            return None
        self._reported.add(name)
        message = f"grades the records ({_shown(first)}, {_shown(word)}, ...), but a model learns all records alike."
        return Issue("graded", message, f"Remove the records that are not good enough, {_IGNORE}", name)

    def _by_part(self, name: str, value: Any) -> Issue | None:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if self._role != "training" or not isinstance(value, str) or value.strip().casefold() not in _OTHER_PARTS:
            return None
        return left_out(name, f"is '{value.strip()}', and this is training data.")


def turn_decision(name: str, member: str, value: Any) -> Issue | None:
    """The same for a member of an assistant's message, such as `weight` or `rejected`. `name` is its whole name."""
    issue = _of_turn(name, member, value)
    if issue is None or issue.rule == "graded":
        return issue
    # In all messages: that is how `fields.ignore` names a member.
    everywhere = field_setting("ignore", f"'{_NUMBERED.sub('[]', name)}'")
    return replace(issue, remedy=issue.remedy.replace(_IGNORE, f"or ignore the field: {everywhere}."))


def _of_turn(name: str, member: str, value: Any) -> Issue | None:
    kind = kind_of(member)
    if (learnt := _is_learnt(member, value)) is not None:
        what = "says that a part of the answer is not learnt" if isinstance(value, list) else f"is {_shown(value)}"
        return None if learnt else left_out(name, f"{what}, and a model learns from every answer.")
    if kind is not Kind.GRADE:
        return _by_flag(name, kind, value)
    grade = number_of(value)
    if grade is not None and grade <= 0:
        return left_out(name, f"is {grade:g}, and a model learns from every answer.")
    if normal(member) == "weight" and grade not in (None, 1):
        message = f"is {_shown(value)}, but a model learns from all answers alike."
        return Issue("graded", message, "Write 1 to learn from the answer or 0 to leave the record out.", name)
    return None


def decides(kind: Kind, value: Any) -> bool:
    """Whether the value of a field, or of a member of an assistant's message, decides if the record is used."""
    if kind is Kind.GRADE and isinstance(value, str):
        return number_of(value) is not None or yes_or_no(value) is not None
    return kind in (Kind.GRADE, Kind.PART) or (kind in _FLAGS and yes_or_no(value) is not None)


def _is_learnt(member: str, value: Any) -> bool | None:
    """Whether a message, or every part of it, is to be learnt; None if the member says nothing about that."""
    known = normal(member)
    if known in _LEARNT:
        return yes_or_no(value)
    if known != _LEARNT_PARTS or not isinstance(value, list):
        return None
    return not any(isinstance(part, Mapping) and yes_or_no(part.get("train")) is False for part in value)


def turn_decides(member: str, value: Any) -> bool:
    """Whether a member of an assistant's message has a say in whether its record is used."""
    kind = kind_of(member)
    return _is_learnt(member, value) is not None or (kind is not Kind.PART and decides(kind, value))


def left_out(name: str, reason: str, remedy: str | None = None) -> Issue:
    """The warning about a record that is left out."""
    remedy = remedy or f"Nothing to do if that is right; else change the value, {_IGNORE}"
    return Issue("left-out", f"{reason[:-1]}: the record is left out.", remedy, name, "warning")


def speaks_against(name: str, value: Any) -> bool | None:
    """Whether a flag says that its record or answer is not to be used; None if it is no flag with a clear value."""
    kind = kind_of(name)
    says = yes_or_no(value) if kind in _FLAGS else None
    return None if says is None else says is (kind is Kind.REJECTION)


def _by_flag(name: str, kind: Kind, value: Any) -> Issue | None:
    if kind is Kind.STATUS:
        return _by_status(name, value)
    if kind not in (Kind.APPROVAL, Kind.REJECTION):
        return None
    # Without a value, a record is neither approved nor rejected.
    says = yes_or_no(value) if has_content(value) else False
    if says is None:
        if not isinstance(value, str):
            return None  # a list or an object: not a flag
        if kind is Kind.REJECTION and (len(value) > 20 or normal(name) in _REJECTED_ANSWERS):
            return None  # a rejected answer, not a flag
        message = f"is {_shown(value)}, neither yes nor no: it is unclear whether to use the record for training."
        return Issue("unclear-flag", message, f"Write true or false, {_IGNORE}", name)
    return left_out(name, f"is {_shown(value)}.") if says is (kind is Kind.REJECTION) else None


def _by_status(name: str, value: Any) -> Issue | None:
    return left_out(name, f"is {_shown(value)}.") if yes_or_no(value) is False else None


def yes_or_no(value: Any) -> bool | None:
    """What a value says; None if it is no answer to that question."""
    if isinstance(value, bool):
        return value
    if isinstance(value, list):  # of several people
        each = {yes_or_no(one) for one in value}
        return each.pop() if len(each) == 1 else None
    number = number_of(value)
    if number is not None:
        return bool(number > 0) if number in (0, 1, -1) else None
    word = "_".join(value.casefold().replace("-", " ").replace("_", " ").split()) if isinstance(value, str) else ""
    return True if word in _YES else False if word in _NO else None


def number_of(value: Any) -> float | None:
    """A number, also of a text: `4`, `4,5`, `4/5`, `80 %`, `★★★★☆`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        value = _as_digits(value.strip())
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _as_digits(text: str) -> str:
    if text and not text.strip(_STARS):
        return str(text.count(_STARS[0]))
    match = _NUMBER.fullmatch(text)
    return match.group(1).replace(",", ".") if match else text


def _shown(value: Any) -> str:
    if not has_content(value):
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value.strip()[:30]}'" if isinstance(value, str) else str(value)[:30]
