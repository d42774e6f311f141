"""`dataset/`: what the preprocessing step writes about a dataset, and its evaluation questions."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tuner.artifacts.base import Artifact, Part
from tuner.artifacts.task import TaskDescription
from tuner.core.artifact_keys import Keys
from tuner.core.run import Role

Severity = Literal["error", "warning"]
# With fewer independent questions, or groups of them, even a model that wins them all can be lucky: the sign test gives
# 2 * 0.5**5 = 0.0625 > 0.05.
FEWEST_GROUPS = 6


class Message(Part):
    """What one side of a conversation said. `role` is `user` or `assistant`."""

    role: str
    text: str


class Origin(Part):
    """Where a question is from, as far as its record says: questions of the same origin are related."""

    conversation: str | None = Field(None, description="id of the conversation, or of the session")
    document: str | None = None
    part: str | None = Field(None, description="pages or part of the document")
    passage: str | None = Field(None, description="a hash of the text that the record gives with the question")


# Most records say nothing about it.
NO_ORIGIN = Origin()
GroupsBy = Literal["field", "document", "part", "passage", "conversation", "similar", "several"]
# What sentences call one group, and several.
_GROUPS: dict[GroupsBy, tuple[str, str]] = {
    "field": ("group", "groups"),
    "document": ("document", "documents"),
    "part": ("part of a document", "parts of documents"),
    "passage": ("passage", "passages"),
    "conversation": ("conversation", "conversations"),
    "similar": ("group of similar questions", "groups of similar questions"),
    "several": ("group of related questions", "groups of related questions"),
}


class QuestionGroups(Part):
    """How many groups of questions are related. Each group counts as one observation."""

    by: GroupsBy = Field(description="what the questions of a group have in common; several: not always the same")
    field: str | None = Field(None, description="the field that run.yaml or the command names")
    questions: int
    groups: int
    documents: int | None = Field(None, description="where groups are parts of documents: how many documents there are")
    alone: int = Field(
        0, description="questions without what forms the groups, such as the field: each is a group of its own"
    )
    alike: str | None = Field(
        None, description="of groups by a field: two values that differ only in case, spaces or punctuation, in words"
    )

    def count(self, groups: int, more: bool = False) -> str:
        """So many groups in words. A question that is from no document is not called a document."""
        name = _GROUPS["field" if self.alone else self.by][groups != 1]
        return f"{groups:,} {'more ' if more else ''}{name}"

    @property
    def sentence(self) -> str:
        """How many questions are from how many groups, and what that means."""
        by = f" (by the field '{self.field}')" if self.field else ""
        return (
            f"{self.questions:,} questions from {self.count(self.groups)}{by}: questions of the same group are "
            f"answered well or badly together, so a group counts as one observation.{self._of_those_alone}"
            f"{f' Two groups are by {self.alike}: write them in one way if they are the same.' if self.alike else ''}"
        )

    @property
    def _of_those_alone(self) -> str:
        if not self.alone:
            return ""
        named = f"value of '{self.field}'" if self.by == "field" else _GROUPS[self.by][0]
        if self.alone == 1:
            return f" 1 question has no {named}, so it is a group of its own."
        return f" {self.alone:,} questions have no {named}, so each of them is a group of its own."


class EvaluationQuestion(Part):
    """A record of `dataset/evaluation.jsonl`: a question with its reference answer.

    In a conversation of several turns, `messages` has every turn but the last, which is the reference; `question` is
    the same conversation as text, for people and judges.
    """

    id: str
    question: str
    reference: str
    system: str | None = Field(None, description="the record's own system prompt; null: the run's applies")
    accepted: tuple[str, ...] = Field((), description="other answers that are right too")
    messages: tuple[Message, ...] = ()
    origin: Origin = Field(NO_ORIGIN, description="where it is from")
    fields: dict[str, str] = Field(
        default_factory=dict, description="the record's values of evaluation.group_by and evaluation.slices"
    )

    @property
    def turns(self) -> tuple[Message, ...]:
        """What is sent to the model: the turns of the conversation, or the one question."""
        return self.messages or (Message(role="user", text=self.question),)

    def to_json_line(self) -> str:
        """The record without members that have their default: most questions have no messages of their own.

        pydantic's own serializer is used, because a large dataset can have millions of questions before it is refused.
        It cannot write lone surrogates; the rule `unicode` refuses records that have one.
        """
        return self.model_dump_json(exclude_defaults=True)


class Finding(Part):
    """Something that is wrong with a dataset, and where. `line` is where the record starts, from 1."""

    severity: Severity
    file: str
    line: int | None = Field(None, description="null for the whole file")
    field: str | None = None
    rule: str
    message: str
    remedy: str

    @property
    def place(self) -> str:
        """File, line and field, as far as they are known."""
        line = "" if self.line is None else f", line {self.line}"
        field = "" if self.field is None else f", field '{self.field}'"
        return f"{self.file}{line}{field}"

    def __str__(self) -> str:
        """Where it is, what is wrong, and what to do."""
        return f"{self.place}: {self.message} {self.remedy}"


class DatasetFindings(Artifact):
    """`dataset/findings.json`: all findings counted, and the first of them."""

    NAME: ClassVar[str] = Keys.FINDINGS

    errors: int = 0
    warnings: int = 0
    findings: tuple[Finding, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict, description="findings by rule")


class Coverage(Part):
    """How much the training data says about what one question asks."""

    subject: tuple[str, ...] = Field((), description="words that carry the question's subject")
    records: int = Field(description="training records that speak of it")
    mentions: int = Field(0, description="how often they do")


class QuestionCoverage(Coverage):
    """The coverage of a question, as the profile lists it."""

    question: str = Field(description="its beginning")


class TokenLengths(Part):
    """Distribution of the lengths of a file's texts, in tokens."""

    smallest: float | None = None
    p5: float | None = None
    median: float | None = None
    p95: float | None = None
    largest: float | None = None


class AnswerOpening(Part):
    """Words that several answers begin with."""

    words: str
    records: int


class FileProfile(Part):
    """What the records of one file are like."""

    records: int = 0
    prompt_tokens: TokenLengths = TokenLengths()
    completion_tokens: TokenLengths = TokenLengths()
    answers_with_lists: float | None = Field(None, description="share of the answers")
    openings: tuple[AnswerOpening, ...] = ()
    languages: dict[str, int] = Field(default_factory=dict, description="records by ISO 639-1 code, of the first ones")


class SharedQuestions(Part):
    """Evaluation questions that the validation data has too."""

    count: int
    of: int = Field(description="evaluation questions in all")
    questions: tuple[str, ...] = Field((), description="the beginnings of the first ones, without those with a secret")

    @property
    def sentence(self) -> str:
        """A sentence with the number of questions, the consequence, and the first of them."""
        verb = "is" if self.count == 1 else "are"
        named = "; ".join(f"'{question}'" for question in self.questions)
        more = ", ..." if self.count > len(self.questions) else ""
        return (
            f"{self.count:,} of {self.of:,} evaluation questions {verb} in the validation data too, which can decide "
            f"when the training ends. Scores of such questions can be too good{f': {named}{more}' if named else ''}."
        )


class DatasetProfile(Part):
    """What the dataset is like: style, languages, coverage, and evaluation questions in the validation data."""

    training: FileProfile | None = None
    validation: FileProfile | None = None
    evaluation: FileProfile | None = None
    coverage: tuple[QuestionCoverage, ...] = Field((), description="of the first questions, the least covered on top")
    shared_with_validation: SharedQuestions | None = Field(
        None, description="evaluation questions that are also in the validation data; null: none"
    )


class Readiness(Part):
    """What the findings come to."""

    state: Literal["ready", "ready with warnings", "not ready"]
    sentence: str
    fix_first: tuple[str, ...] = ()


class SourceFile(Part):
    """A file of the dataset. `fields` says which of its fields was used as what."""

    role: Role
    key: str
    fields: dict[str, str] = Field(default_factory=dict, description="several fields of one use with commas")
    left_out: tuple[str, ...] = Field((), description="fields that are not used")
    records_left_out: int = Field(0, description="records that are not used because of what their fields say")


class DatasetSummary(Artifact):
    """`dataset/summary.json`: counts of the converted files, where they come from, and the dataset's profile."""

    NAME: ClassVar[str] = Keys.DATASET_SUMMARY

    training_records: int
    validation_records: int
    evaluation_records: int = 0
    training_tokens: int = 0
    validation_tokens: int = 0
    evaluation_tokens: int = 0
    tokens_are: str | None = Field(None, description="how tokens were counted")
    training_bytes: int = 0
    validation_bytes: int = 0
    training_from: str = Field("file", description="file, or generated from documents")
    validation_from: str | None = Field(None, description="file, held out, or generated from documents")
    evaluation_from: str | None = Field(None, description="file, validation, or generated from documents")
    record_format: str | None = None
    study: DatasetProfile | None = Field(None, description="the dataset's profile")
    verdict: Readiness | None = None
    files: tuple[SourceFile, ...] = ()
    task: TaskDescription = Field(TaskDescription(), description="what the answers are")
    groups: QuestionGroups | None = Field(
        None, description="how evaluation questions are related; null if every question is independent"
    )
