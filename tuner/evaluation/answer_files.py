"""Reads files of question-answer records, from anywhere: JSON, JSONL or CSV, with ids or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tuner.core.errors import EvaluationError
from tuner.core.text_sanitizer import storable
from tuner.datasets.io import LocalFile
from tuner.datasets.reading import BadRow, UnreadableError, blocks
from tuner.datasets.records.schema_detection import COMPLETIONS, PROMPTS

_ID = "id"
_FORMS = "Give a file with records in JSON, JSONL or CSV, in UTF-8."


def read_records(path: Path) -> list[dict[str, Any]]:
    """Records {"id", "question", "answer"}, each None where the file has no such field.

    Raises EvaluationError that names file and line when a record cannot be read, or when nothing in it could be an
    answer.
    """
    rows = list(_rows(path))
    if not rows:
        raise EvaluationError(f"{path}: has no records. {_FORMS}")
    question, answer = _field(rows[0][1], PROMPTS), _field(rows[0][1], COMPLETIONS)
    if answer is None:
        raise EvaluationError(
            f"{path}, line {rows[0][0]}: no field holds the answer. Call it one of: {', '.join(COMPLETIONS)}."
        )
    return [_record(path, line, row, question, answer) for line, row in rows]


def read_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """A file's records as they stand there, whatever their fields. Raises EvaluationError as `read_records` does."""
    return (row for _, row in _rows(path))


def read_sheet(path: Path) -> str:
    """A spreadsheet's text. Raises EvaluationError when it is not there, or not in UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise EvaluationError(f"{path} is not in UTF-8. Save it from the spreadsheet as 'CSV UTF-8'.") from None
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None


def with_ids(references: list[dict[str, Any]], *answers: list[dict[str, Any]]) -> None:
    """Gives every record an id: its own where all have one, else the question's text is what records share.

    Raises EvaluationError when a file has neither.
    """
    everything = [*references, *(record for records in answers for record in records)]
    if all(record[_ID] is not None for record in everything):
        return
    without = next((record for record in everything if not record["question"]), None)
    if without is not None:
        raise EvaluationError(
            f"{without['place']}: has no question, and not every record of all files has an id, so answers cannot be "
            "matched with references. Give every record its question or its id."
        )
    for record in everything:
        record[_ID] = " ".join(record["question"].split())


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if not path.is_file():
        raise EvaluationError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}. {_FORMS}")
    try:
        for block in blocks(LocalFile(path)):
            for row in block.rows():
                if isinstance(row, BadRow):
                    raise EvaluationError(f"{path}, line {row.line}: {row.flaw.message} {_FORMS}")
                if not isinstance(row.value, Mapping):
                    raise EvaluationError(f"{path}, line {row.line}: is not an object with fields.")
                yield row.line, row.value
    except UnreadableError as error:
        place = f"{path}, line {error.line}" if error.line else str(path)
        raise EvaluationError(f"{place}: {error.flaw.message} {_FORMS}") from None


def _field(row: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
    by_name = {name.strip().lower(): name for name in reversed(list(row))}
    return next((by_name[name] for name in known if name in by_name), None)


def _record(path: Path, line: int, row: Mapping[str, Any], question: str | None, answer: str) -> dict[str, Any]:
    place = f"{path}, line {line}"
    texts = {"question": row.get(question) if question else None, "answer": row.get(answer)}
    for name, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise EvaluationError(f"{place}: the {name} must be a text.")
    whole = {name: text and storable(text) for name, text in texts.items()}
    return {_ID: _key(row.get(_ID)), **whole, "place": place}


def _key(value: Any) -> str | None:
    """The id as a text; readers of JSON differ in whether 1 is 1.0."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value in (None, "") else storable(str(value))
