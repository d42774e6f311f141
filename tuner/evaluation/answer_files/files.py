"""Reads files of questions and answers from anywhere, in the formats of datasets, with or without ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuner import catalog
from tuner.artifacts.dataset import NO_ORIGIN, Origin
from tuner.core.errors import EvaluationError
from tuner.core.file_formats import COMPRESSIONS, FORMAT_NAMES
from tuner.core.text_sanitizer import storable
from tuner.core.wording import shortened
from tuner.datasets.field_and_role_names import (
    ANSWERS,
    LABELLED_TEXTS,
    LABELS,
    MISSING,
    Fields,
    find,
    find_known,
    leaf_names,
    normal,
)
from tuner.datasets.findings import Findings, Issue
from tuner.datasets.io import LocalFile
from tuner.datasets.pipeline import FilePipeline
from tuner.datasets.reading import BadRow, Row, UnreadableError, blocks
from tuner.datasets.records.origin import origin_of, values_of
from tuner.datasets.records.record import Record
from tuner.datasets.records.rules import RecordLimits
from tuner.datasets.records.schemas.answers import answers_of, label_of
from tuner.datasets.records.schemas.compound_names import ANSWER, QUESTION
from tuner.datasets.records.schemas.context_fields import ContextFields, Others, context_fields
from tuner.datasets.records.schemas.conversations import ConversationSchema
from tuner.datasets.records.schemas.detection import detect_schema
from tuner.datasets.records.schemas.pairs import PairSchema, fields_about_origin
from tuner.datasets.records.schemas.record_selection import RecordSelection
from tuner.datasets.records.schemas.templates import TemplateSchema
from tuner.datasets.same_question import comparable
from tuner.evaluation.answer_files.batch_output import answer_of, is_batch_output, question_of
from tuner.settings import DeploymentSettings, FieldNames

_ID, _SAMPLE = "id", "sample"
# Far more than a review of all questions has.
_MOST_SHEET_BYTES = 64 * 2**20
_FORMS = f"Give a file with records in {FORMAT_NAMES}, in UTF-8. It may be compressed ({', '.join(COMPRESSIONS)})."


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One record of a file. `place` is the file and the line; the other members are None where the file has none.

    `accepted` are other answers that are right too. `asked` is the question with all that belongs to it (instruction,
    context, choices), where the record has more than the question. Only references have `origin` and `fields`.
    `sample` numbers the answers to the same question.
    """

    id: str | None
    question: str | None
    answer: str | None
    place: str
    accepted: tuple[str, ...] = ()
    asked: str | None = None
    system: str | None = None
    origin: Origin = NO_ORIGIN
    fields: Mapping[str, str] = field(default_factory=dict)
    sample: int = 0

    @property
    def whole_question(self) -> str:
        """What was asked, as people and judges read it."""
        return self.asked or self.question or ""


@dataclass(frozen=True, slots=True)
class References:
    """The records of a file of references, and why others were left out."""

    records: tuple[FileRecord, ...]
    warnings: tuple[str, ...] = ()


def read_references(
    path: Path, fields: FieldNames, kept: Collection[str] = (), required: Collection[str] = ()
) -> References:
    """The references that people approve of. A record that says it must not be used is left out, as in a dataset.

    `kept` are fields whose values the references keep, beside their origin. Raises EvaluationError as `read_records`
    does, when it is not known whether a record may be used, and when no record has one of the `required` ones.
    """
    selection = RecordSelection(fields, "evaluation")
    left_out: list[str] = []
    used: list[tuple[int, Fields]] = []
    for line, row in _rows(path, fields):
        issue = selection.decision(_others(row, fields))
        if issue is None:
            used.append((line, row))
        elif issue.severity == "warning":
            left_out.append(f"{path}, line {line}: {issue.field}: {issue.message}")
        else:
            raise EvaluationError(f"{path}, line {line}: {issue.field}: {issue.message} {issue.remedy}")
    if left_out and not used:
        raise EvaluationError(f"Every reference is left out. {left_out[0]}")
    count = f"{len(left_out):,} reference{'s are' if len(left_out) > 1 else ' is'} left out"
    read = zip(_file_records(path, used, fields), used, strict=True)
    records = tuple(
        replace(record, origin=origin_of(row, _others(row, fields)), fields=values_of(row, kept))
        for record, (_, row) in read
    )
    for name in required if records else ():
        if not any(name in record.fields for record in records):
            raise EvaluationError(f"{path}: no record has a value of the field '{name}'. Name another field.")
    return References(records, (f"{count}. The first: {left_out[0]}",) if left_out else ())


def read_records(path: Path, fields: FieldNames | None = None) -> list[FileRecord]:
    """The records of a file.

    `fields` names its fields; a name that the first record does not have is not used. Raises EvaluationError that names
    file and line when a record cannot be read, or when the file has no field for the answer.
    """
    fields = fields or FieldNames()
    return _file_records(path, list(_rows(path, fields)), fields)


def _file_records(path: Path, rows: Sequence[tuple[int, Fields]], fields: FieldNames) -> list[FileRecord]:
    if not rows:
        raise EvaluationError(f"{path}: has no records. {_FORMS}")
    # The first record decides which fields are read, as in datasets.
    first = rows[0][1]
    if is_batch_output(first):
        return [_batch_record(f"{path}, line {line}", row) for line, row in rows]
    schema = detect_schema(first, fields)
    if isinstance(schema, ConversationSchema | TemplateSchema):
        return [_conversation(f"{path}, line {line}", row, schema) for line, row in rows]
    question, answer = _question_and_answer(first, fields)
    if answer is None:
        raise EvaluationError(
            f"{path}, line {rows[0][0]}: no field holds the answer. Call it one of: {', '.join(ANSWERS[:10])}."
        )
    return [_record(f"{path}, line {line}", row, question, answer, fields) for line, row in rows]


def _question_and_answer(row: Fields, fields: FieldNames) -> tuple[str | None, str | None]:
    names = [name for name in leaf_names(row) if name not in fields.ignore]
    named = {name for name in (fields.prompt, fields.completion) if name in names}
    question = (
        fields.prompt if fields.prompt in named else QUESTION.find(names).name or find_known(LABELLED_TEXTS, names)
    )
    others = [name for name in names if name != question]
    answer = fields.completion if fields.completion in named else ANSWER.find(others).name
    return question, answer or find_known(LABELS, others)


def _others(row: Fields, fields: FieldNames) -> Others:
    """The row's fields that are neither question nor answer, and what they are for."""
    if is_batch_output(row):
        return {}
    schema = detect_schema(row, fields)
    if isinstance(schema, ConversationSchema | TemplateSchema):
        return schema.others(row)
    question, answer = _question_and_answer(row, fields)
    return PairSchema(question or "", answer or "", _ignored(row, fields)).others(row)


def _ignored(row: Fields, fields: FieldNames) -> tuple[str, ...]:
    return (*fields.ignore, *fields_about_origin(row), _ID, _SAMPLE)


def read_rows(path: Path) -> Iterator[Fields]:
    """A file's records with any fields. Raises EvaluationError as `read_records` does."""
    return (row for _, row in _rows(path, FieldNames()))


def read_training_answers(path: Path) -> list[str]:
    """The answers of a training file in any format of datasets; none where its fields are not known."""
    limits = RecordLimits(catalog.model(DeploymentSettings().base_model), "training")
    pipeline = FilePipeline(LocalFile(path), limits, FieldNames(), Findings())
    return [answer for _, answer in pipeline.pairs()]


def read_sheet(path: Path) -> str:
    """A spreadsheet's text. Raises EvaluationError when it cannot be read, is too large, or is not in UTF-8."""
    try:
        with path.open("rb") as file:  # a pipe or a device may be endless
            data = file.read(_MOST_SHEET_BYTES + 1)
        if len(data) > _MOST_SHEET_BYTES:
            raise EvaluationError(f"{path} has more than {_MOST_SHEET_BYTES // 2**20} MiB, so it is no review.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EvaluationError(f"{path} is not in UTF-8. Save it from the spreadsheet as 'CSV UTF-8'.") from None
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None


def with_shared_ids(files: Sequence[Sequence[FileRecord]]) -> list[list[FileRecord]]:
    """The files' records with ids that are the same for the same question.

    These are the records' own ids if all records of all files have one. Otherwise the text of the question is the id.
    The first file is that of the references. Raises EvaluationError when a record has neither.
    """
    everything = [record for records in files for record in records]
    if all(record.id is not None for record in everything):
        return [list(records) for records in files]
    without = next((record for record in everything if not record.question), None)
    if without is not None:
        raise EvaluationError(
            f"{without.place}: has no question, and not every record of all files has an id, so answers cannot be "
            "matched with references. Give every record its question or its id."
        )
    # Questions that differ only in their context are told apart by it. Else the answers' files need no context.
    asked = [comparable(record.question or "") for record in files[0]]
    whole = len(set(asked)) < len(asked)
    if whole:
        _check_asked_once(files[0])
    # The same question can be written differently, for instance wrapped in a CSV file. People read the ids.
    texts: dict[str, str] = {}
    for record in everything:
        texts.setdefault(comparable(_key_text(record, whole)), " ".join(_key_text(record, whole).split()))
    return [
        [replace(record, id=texts[comparable(_key_text(record, whole))]) for record in records] for records in files
    ]


def _check_asked_once(references: Sequence[FileRecord]) -> None:
    """Raises EvaluationError when two references have the same question, so that no answer can be matched with one."""
    first: dict[str, FileRecord] = {}
    for record in references:
        before = first.setdefault(comparable(record.whole_question), record)
        if before is not record:
            raise EvaluationError(
                f"{record.place}: asks the same as {before.place}: '{shortened(record.whole_question)}'. "
                "Remove one of them, or give every record of all files an id."
            )


def _key_text(record: FileRecord, whole: bool) -> str:
    return record.whole_question if whole else record.question or ""


def _rows(path: Path, fields: FieldNames) -> Iterator[tuple[int, Fields]]:
    if not path.is_file():
        raise EvaluationError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}. {_FORMS}")
    try:
        for block in blocks(LocalFile(path), records=fields.records, is_record=_is_record):
            yield from ((row.line, _fields_of(row, path)) for row in block.rows())
    except UnreadableError as error:
        place = f"{path}, line {error.line}" if error.line else str(path)
        raise EvaluationError(f"{place}: {error.issue.message} {_FORMS}") from None


def _fields_of(row: Row | BadRow, path: Path) -> Fields:
    if isinstance(row, BadRow):
        raise EvaluationError(f"{path}, line {row.line}: {row.issue.message} {_FORMS}")
    if not isinstance(row.value, Mapping):
        raise EvaluationError(f"{path}, line {row.line}: is not an object with fields.")
    return row.value


def _is_record(row: Fields) -> bool:
    return is_batch_output(row) or not isinstance(detect_schema(row, FieldNames()), Issue)


def _record(place: str, row: Fields, question: str | None, answer: str, fields: FieldNames) -> FileRecord:
    answers = _answers(place, row, answer)
    first = answers[0] if answers else None
    found = find(row, question) if question else None
    text = _text(place, "question", None if found is MISSING else found)
    added = context_fields(PairSchema(question or "", answer, _ignored(row, fields)).others(row))
    if not isinstance(added, ContextFields):
        raise EvaluationError(f"{place}: {added[0].field}: {added[0].message} {added[0].remedy}")
    asked = storable(added.question(text)) if text else None
    return FileRecord(
        id=_key(row.get(_ID)),
        question=text,
        answer=first and storable(first),
        place=place,
        accepted=tuple(storable(text) for text in answers[1:] if text),
        asked=asked if asked != text else None,
        system=added.system and storable(added.system),
        sample=_sample(row),
    )


def _sample(row: Fields) -> int:
    """The number of the answer among those to the same question. Anything else in this field is ignored."""
    value = row.get(_SAMPLE)
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _answers(place: str, row: Fields, name: str) -> tuple[str, ...]:
    """The right answers, or a model's answer. Labels are read as in a dataset: they can be numbers, true or false."""
    value = find(row, name)
    if value is MISSING or value is None or value == []:
        return ()
    listed = isinstance(value, list | Mapping)
    label = label_of(value, name) if normal(name) in LABELS or not listed else None
    if isinstance(label, Issue):
        raise EvaluationError(f"{place}: {label.field}: {label.message} {label.remedy}")
    if label:
        return label.texts
    found = answers_of(value) if listed else None
    if found is None:
        raise EvaluationError(f"{place}: the answer must be a text.")
    return found


def _conversation(place: str, row: Fields, schema: ConversationSchema | TemplateSchema) -> FileRecord:
    """The last turn, which is the assistant's, is the answer; the turns before it are the question."""
    record = schema.record(row, 0, schema.others(row))
    if not isinstance(record, Record):
        raise EvaluationError(f"{place}: {record[0].field}: {record[0].message} {record[0].remedy}")
    if not record.turns or record.turns[-1].speaker != "assistant":
        raise EvaluationError(f"{place}: the last message must be the assistant's: it is the answer.")
    return FileRecord(
        id=_key(row.get(_ID)),
        question=storable(record.question),
        answer=storable(record.completion),
        place=place,
        system=record.system and storable(record.system),
        sample=_sample(row),
    )


def _batch_record(place: str, row: Fields) -> FileRecord:
    try:
        answer = answer_of(row)
    except ValueError as error:
        raise EvaluationError(f"{place}: {error}. Give the answers as records with 'id' and 'answer'.") from None
    question = question_of(row)
    return FileRecord(
        _key(row.get("recordId")),
        question and storable(question),
        answer and storable(answer),
        place,
        sample=_sample(row),
    )


def _text(place: str, name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise EvaluationError(f"{place}: the {name} must be a text.")
    return value and storable(value)


def _key(value: object) -> str | None:
    """The id as a text. Some JSON readers take 1 for 1.0, so both give the same id."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value in (None, "") else storable(str(value))
