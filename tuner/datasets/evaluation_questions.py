"""Writes the evaluation questions: `dataset/evaluation.jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tuner.artifacts.dataset import EvaluationQuestion, Message, QuestionGroups
from tuner.datasets.pipeline import Output
from tuner.datasets.question_groups import question_groups
from tuner.datasets.records.file_rules import MAX_QUESTIONS
from tuner.datasets.records.record import Record, content_id
from tuner.datasets.records.rules import RecordLimits


class EvaluationQuestionWriter:
    """Writes records as evaluation questions. A question's id is a hash of its content; equal ones get a number."""

    def __init__(self, output: Output, limits: RecordLimits) -> None:
        self._output = output
        self._limits = limits
        self._seen: Counter[str] = Counter()
        self.values: Counter[str] = Counter()  # questions that have a value, by field
        self._kept: list[EvaluationQuestion] = []

    def write(self, records: Iterable[Record]) -> None:
        """Appends every record as a question. Questions are asked without tools, so records with tool calls are not."""
        for record in records:
            if record.tools:
                continue
            question = self._question(record)
            self.values.update(question.fields.keys())
            if len(self._kept) <= MAX_QUESTIONS:
                self._kept.append(question)
            characters = sum(map(len, self._limits.texts_of(record)))
            self._output.write(question.to_json_line().encode() + b"\n", 1, characters)

    def groups(self, group_by: str | None) -> QuestionGroups | None:
        """How the questions are related; None if each is independent, or if there are more than a run can have."""
        return question_groups(self._kept, group_by)[0] if len(self._kept) <= MAX_QUESTIONS else None

    def _question(self, record: Record) -> EvaluationQuestion:
        turns = record.turns[:-1] if len(record.turns) > 2 else ()
        return EvaluationQuestion(
            id=self._unique_id(record),
            question=record.question,
            reference=record.completion,
            accepted=record.references,
            system=self._limits.system_of(record),
            messages=tuple(Message(role=turn.speaker, text=turn.text) for turn in turns),
            origin=record.origin,
            fields=dict(record.fields),
        )

    def _unique_id(self, record: Record) -> str:
        name = content_id(record.prompt, record.completion)
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}-{self._seen[name]}"
