"""Reads the guard questions of a dataset (`guard.*`), and checks each of them. Findings name the file and the line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from tuner.artifacts.guard import GuardRecord
from tuner.aws.s3.run_folder import RunFolder
from tuner.catalog.guard_questions import GuardCheck, packaged
from tuner.core.text_sanitizer import is_blank
from tuner.datasets.field_and_role_names import Fields
from tuner.datasets.findings import Findings, Issue, at_place
from tuner.datasets.io import Source
from tuner.datasets.prepare import Prepared
from tuner.datasets.readiness import refusal
from tuner.datasets.reading import BadRow, Budget, BudgetUse, Row, UnreadableError, blocks
from tuner.datasets.reading.rows import no_records
from tuner.evaluation.guard.checks import passes
from tuner.settings.messages import sentences

MOST_OWN = 200
"""One invocation asks all guard questions of a model, after its evaluation questions."""
_LONGEST_QUESTION = 8_000
_MOST_BYTES = 2**26
_LONGEST_PATTERN = 200
_RULE, _CORRECT = "guard-question", "Correct the record. docs/evaluation.md describes its members."
# What stands for one character in a regular expression, and the groups whose question mark is no repetition.
_ONE_CHARACTER = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_SPECIAL_GROUP = re.compile(r"\(\?")
# In the verbose form, blanks and comments may stand between a group and its repetition.
_VERBOSE = re.compile(r"\(\?[a-z-]*x", re.IGNORECASE)


@dataclass
class _Read:
    """The questions so far, and what they must not repeat."""

    records: list[GuardRecord] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    asked: dict[tuple[str, str | None], int] = field(default_factory=dict)


def own_questions(source: Source, findings: Findings) -> tuple[GuardRecord, ...]:
    """The records without errors. What is wrong with the others is added to `findings`."""
    read, count = _Read(), 0
    try:
        for row in _rows(source):
            count += 1
            if isinstance(row, BadRow):
                findings.add(source.name, row.line, at_place(row.issue, row.place))
                continue
            if count > MOST_OWN:
                raise UnreadableError(row.line, _too_many())
            for issue in _take(row, read):
                findings.add(source.name, row.line, at_place(issue, row.place))
        if not count:
            raise UnreadableError(None, no_records())
    except UnreadableError as error:
        findings.add(source.name, error.line, error.issue)
    return tuple(read.records)


def readable_questions(source: Source, folder: RunFolder) -> tuple[GuardRecord, ...]:
    """The records. Raises DatasetError with what is wrong: it names `folder` as the place of the findings."""
    findings = Findings()
    records = own_questions(source, findings)
    if error := refusal(findings.artifact(), folder.uri()):
        raise error
    return records


def with_guard_questions(prepared: Prepared, source: Source | None) -> Prepared:
    """The result with the guard questions of the dataset, and what is wrong with them. `source` is None without any."""
    if source is None:
        return prepared
    return replace(prepared, guard=own_questions(source, prepared.findings)).judged()


def _rows(source: Source) -> Iterator[Row | BadRow]:
    spent = BudgetUse(Budget(unpacked_bytes=_MOST_BYTES))
    for block in blocks(source, is_record=lambda row: isinstance(row, dict) and "check" in row, spent=spent):
        yield from block.rows()


def _take(row: Row, read: _Read) -> Iterator[Issue]:
    """Adds the record of the row, or yields what is wrong with it."""
    if not isinstance(row.value, dict):
        yield Issue(_RULE, "the record is no object.", _CORRECT)
        return
    given = _without_nulls(row.value)
    digest = hashlib.sha256(f"{given.get('question')}\0{given.get('system')}".encode("utf-8", "surrogatepass"))
    try:
        record = GuardRecord.model_validate(
            {"id": f"own-{digest.hexdigest()[:12]}", "category": "own", **given}, extra="forbid"
        )
    except ValidationError as error:
        yield from (Issue(_RULE, sentence, _CORRECT) for sentence in sentences(GuardRecord, error.errors()))
        return
    issues = [*_repeats(record, row.line, read), *_contradictions(record)]
    if not issues:
        read.records.append(record)
    yield from issues


def _without_nulls(row: Fields) -> Fields:
    """The row without members that are null: tables have one for each column."""
    given = {name: value for name, value in row.items() if value is not None}
    if isinstance(check := given.get("check"), dict):
        given["check"] = {name: value for name, value in check.items() if value is not None}
    return given


def _repeats(record: GuardRecord, line: int, read: _Read) -> Iterator[Issue]:
    """Whether an earlier record, or a packaged one, has the same id or asks the same."""
    other = "Give it another id, or none."
    if record.id in {each.id for each in packaged()}:
        yield Issue(_RULE, f"'{record.id}' is the id of a packaged guard question.", other, "id")
    elif (first := read.ids.setdefault(record.id, line)) != line:
        yield Issue(_RULE, f"line {first} has the same id, '{record.id}'.", other, "id")
    elif (first := read.asked.setdefault((record.question, record.system), line)) != line:
        yield Issue(_RULE, f"line {first} asks the same question.", "Remove one of the two.", "question")


def _contradictions(record: GuardRecord) -> Iterator[Issue]:
    """Why the check cannot decide as its own examples say."""
    size = len(record.question) + len(record.system or "")
    if is_blank(record.question):
        yield Issue(_RULE, "is empty.", _CORRECT, "question")
    if size > _LONGEST_QUESTION:
        message = f"has {size:,} characters with its system prompt; at most {_LONGEST_QUESTION:,} are asked."
        yield Issue(_RULE, message, "Shorten it.", "question")
    if record.check == GuardCheck():
        message = "has no condition, so every answer passes."
        yield Issue(_RULE, message, "Give it a condition, such as contains.", "check")
    elif problem := _pattern_problem(record.check.pattern):
        yield Issue(_RULE, problem, "Simplify it, or use other conditions.", "check.pattern")
    elif not passes(record.check, record.right):
        yield Issue(_RULE, "this answer does not pass the check.", "Correct the answer or the check.", "right")
    elif record.wrong is not None and passes(record.check, record.wrong):
        yield Issue(_RULE, "this answer passes the check.", "Correct the answer or the check.", "wrong")


def _pattern_problem(pattern: str | None) -> str | None:
    """Why a regular expression is refused. Some take hours for one answer: a repeated group can have many divisions."""
    if pattern is None:
        return None
    if len(pattern) > _LONGEST_PATTERN:
        return f"has {len(pattern):,} characters; at most {_LONGEST_PATTERN} are allowed."
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}."
    characters = _ONE_CHARACTER.sub(".", pattern)
    if _VERBOSE.search(characters):
        return "has the flag x, with which blanks and comments are left out. Write the expression without them."
    plain = _SPECIAL_GROUP.sub("(", characters)
    if re.search(r"\)[*+{]", plain):
        return "repeats a group, which can take very long."
    if len(re.findall(r"[*+{]", plain)) > 3 or plain.count("?") > 6:
        return "has more than three repetitions or six optional parts, which can take very long."
    return None


def _too_many() -> Issue:
    message = f"there are more than {MOST_OWN} guard questions. The rest was not read."
    return Issue("record-count", message, "Remove some: both models are asked all of them.")
