"""Processes one file record by record: read, check, convert, write. Memory does not grow with the file.

Files of plain question-answer pairs take a fast path: a block of records is decoded and checked at once. A block that
fails the fast check is validated row by row, so the findings and the output are the same on both paths.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import compress
from operator import not_
from typing import Any

from tuner.datasets.field_and_role_names import Fields, leaf_names
from tuner.datasets.field_usage import FieldReport, FieldUsage
from tuner.datasets.findings import Findings, Issue, at_place
from tuner.datasets.io import Sink, Source
from tuner.datasets.reading import BadRow, Block, Budget, BudgetUse, Row, UnreadableError, blocks
from tuner.datasets.reading.encoding import OtherEncoding
from tuner.datasets.reading.rows import RowBlock, no_records, too_many_fields
from tuner.datasets.records.exports import not_an_object
from tuner.datasets.records.fast_path import CheckedPairs, FastPath, fast_path_for
from tuner.datasets.records.formats import encoded, encoded_pairs, to_format
from tuner.datasets.records.origin import origin_fields, origin_of, values_of
from tuner.datasets.records.record import Record, pair
from tuner.datasets.records.rules import RecordLimits, issues_of, unknown_members, without_tools
from tuner.datasets.records.schemas.conversations import ConversationSchema
from tuner.datasets.records.schemas.detection import Schema, detect_schema
from tuner.datasets.records.schemas.left_out_columns import meant_column
from tuner.datasets.records.schemas.pairs import PairSchema
from tuner.datasets.records.schemas.record_selection import RecordSelection
from tuner.datasets.records.schemas.tool_messages import OR_REMOVE
from tuner.datasets.same_question import input_hash, question_hash
from tuner.decoders.process import MOST_FIELDS
from tuner.settings import FieldNames

# Warnings that are true of all records of a file: only the first is added.
_ONCE = ("choice-number",)
# Decides by the input hash whether a record is held out.
IsHeldOut = Callable[[int], bool]


class Output:
    """Writes converted records and counts them. `text_bytes` counts the records' texts and system prompts in UTF-8.

    `listener` is called with the same records, for a second output in another format.
    """

    def __init__(self, sink: Sink, listener: Callable[[Iterable[Record]], None] | None = None) -> None:
        self._sink = sink
        self.listener = listener
        self.records = 0
        self.text_bytes = 0
        self.bytes = 0

    def write(self, data: bytes, records: int, characters: int) -> None:
        """Appends whole lines of JSON, in UTF-8 without escapes of letters. `characters` counts those of the texts."""
        self._sink.write(data)
        self.records += records
        # The names of the members are ASCII, so that what UTF-8 adds to the characters is part of the texts.
        more = 0 if data.isascii() else len(data) - len(data.decode("utf-8", "surrogatepass"))
        self.text_bytes += characters + more
        self.bytes += len(data)


class FilePipeline:
    """Reads one file for one role. Issues go to `findings`; nothing is raised for the content of the file.

    After the pass, `refused` is the number of records with errors. `own_system` is the number of records with a system
    prompt of their own. `unreadable` says that the end of the file was not reached.
    """

    def __init__(
        self,
        source: Source,
        limits: RecordLimits,
        fields: FieldNames,
        findings: Findings,
        use_fast_path: bool = True,
        budget: Budget | None = None,
        kept: Collection[str] | None = None,
    ) -> None:
        """`kept` are fields whose values the records keep, beside their origin; None keeps neither."""
        self._source = source
        self._limits = limits
        self._fields = fields
        self._findings = findings
        self._use_fast_path = use_fast_path
        self._kept = kept
        self._budget = budget or Budget()
        self._spent = BudgetUse(self._budget)
        self._schema: Schema | None = None
        self._fast_path: FastPath | None = None
        self._usage = FieldUsage({})
        self._selection = RecordSelection(fields, limits.role)
        self._left_out_columns: tuple[str, ...] = ()
        self._said: set[str] = set()
        self._other_encoding = OtherEncoding()
        self.refused = 0
        self.own_system = 0
        self.unreadable = False

    @property
    def fields(self) -> FieldReport:
        """Which field is used as what, and which are left out, in the rows that were read so far."""
        return self._usage.report

    @property
    def is_native(self) -> bool:
        """Whether the file already has the family's format."""
        return self._schema is not None and self._schema.native == self._limits.model.family.record_format

    def records(self) -> Iterator[Record]:
        """Every record without errors."""
        for block in self._blocks():
            yield from self._row_by_row(block)

    def rows(self) -> Iterator[tuple[Fields, Record]]:
        """Every record without errors, with its row as parsed from the file."""
        for block in self._blocks():
            yield from ((row.value, record) for row, record in self._checked_rows(block))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Question and answer of every record without errors. Faster than `records`."""
        for block in self._blocks():
            if checked := self._check_fast(block):
                yield from zip(checked.prompts, checked.completions, strict=True)
            else:
                yield from ((record.prompt, record.completion) for record in self._row_by_row(block))

    def input_hashes(self) -> Iterator[int]:
        """The input hash of every record without errors. Faster than `records`."""
        for block in self._blocks():
            if checked := self._check_fast(block):
                yield from map(question_hash, checked.prompts)
            else:
                yield from map(self.input_hash, self._row_by_row(block))

    def input_hash(self, record: Record) -> int:
        """A hash of what the model reads: the record's system prompt, unless it is the run's, and all earlier turns."""
        return input_hash(record, self._limits.system_prompt)

    def convert(self, output: Output, held_out: Output | None = None, is_held_out: IsHeldOut | None = None) -> None:
        """Writes every record in the family's format, to `held_out` if `is_held_out` says so, else to `output`."""
        for block in self._blocks():
            if checked := self._check_fast(block):
                self._convert_pairs(checked, output, held_out, is_held_out)
                continue
            for record in self._row_by_row(block):
                held = held_out and is_held_out and is_held_out(self.input_hash(record))
                self._convert_record(record, held_out if held and held_out else output)

    def _convert_pairs(
        self, checked: CheckedPairs, output: Output, held_out: Output | None, is_held_out: IsHeldOut | None
    ) -> None:
        record_format, system = self._limits.model.family.record_format, self._limits.system_prompt
        for target, part in _divided(checked, output, held_out, is_held_out):
            lines = encoded_pairs(part.prompts, part.completions, record_format, system)
            target.write(lines, len(part.prompts), part.characters + len(system or "") * len(part.prompts))
            if target.listener:
                target.listener(map(pair, part.prompts, part.completions))

    def _convert_record(self, record: Record, output: Output) -> None:
        record_format, system = self._limits.model.family.record_format, self._limits.system_of(record)
        line = encoded([to_format(record, record_format, system)])
        output.write(line, 1, sum(map(len, self._limits.texts_of(record))))
        if output.listener:
            output.listener((record,))

    def _blocks(self) -> Iterator[Block]:
        """The blocks of the file. The first one with an object decides the schema.

        What ends the reading early, and what concerns the whole file, goes to the findings.
        """
        empty = True
        self._spent = BudgetUse(self._budget)
        try:
            for block in blocks(self._source, self._decode, self._fields.records, self._is_record, self._spent):
                empty = False
                if self._usage.count > MOST_FIELDS:
                    raise UnreadableError(None, too_many_fields(self._usage.count))
                if isinstance(block, RowBlock):
                    self._left_out_columns += block.left_out_columns
                if self._schema is None:
                    self._detect_schema(block)
                yield block
                if self._spent.is_far_over:
                    self._spent.check()
            if empty or (self._schema is None and not self.refused):  # nothing, or only warnings such as a title
                raise UnreadableError(None, no_records())
            self._report_fields()
        except UnreadableError as error:
            self.unreadable = True
            self._findings.add(self._source.name, error.line, error.issue)
        for row in self._other_encoding.take():
            self._findings.add(self._source.name, row.line, row.issue)

    def _report_fields(self) -> None:
        """Once for each field, guessed or left out. In a Bedrock format, `unknown-member` reports each record."""
        if self._fast_path and self._schema:
            self._usage.see(self._schema.others(self._fast_path.with_content))
        guessed = self._schema.guessed if isinstance(self._schema, PairSchema | ConversationSchema) else ()
        for issue in (*guessed, *(self._usage.issues() if not self.is_native else ())):
            self._findings.add(self._source.name, None, issue)

    def _is_record(self, row: Fields) -> bool:
        return not isinstance(detect_schema(row, self._fields), Issue)

    def _decode(self, data: bytes) -> list[Any] | None:
        return self._fast_path.decode(data) if self._fast_path else None

    def _detect_schema(self, block: Block) -> None:
        """Takes the schema of the first row that is an object. Raises UnreadableError if its fields are unknown."""
        skipped: list[Row | BadRow] = []
        for row in block.rows():
            if isinstance(row, BadRow) or not isinstance(row.value, dict):
                skipped.append(row)
                continue
            schema = detect_schema(row.value, self._fields)
            if isinstance(schema, Issue):
                schema = _with_header(schema, block)
            schema = meant_column(row.value, self._left_out_columns, self._fields, schema) or schema
            if isinstance(schema, Issue):
                for bad in skipped:  # reported first, because they come first in the file
                    self._validate(bad)
                raise UnreadableError(row.line, schema)
            self._schema = schema
            self._usage = FieldUsage(schema.fields, self._fields.minimum, self._kept)
            if self._use_fast_path and not self._keeps_something(row.value):
                self._fast_path = fast_path_for(schema, row.value, self._limits, self._fields)
            return

    def _keeps_something(self, row: Fields) -> bool:
        """Whether records keep something that the fast path does not read."""
        if self._kept is None:
            return False
        names = list(leaf_names(row))
        return bool(origin_fields(names)) or not set(self._kept).isdisjoint({*names, *row})

    def _check_fast(self, block: Block) -> CheckedPairs | None:
        checked = self._fast_path.check(block) if self._fast_path else None
        self._spent.count(len(checked.prompts) if checked else 0)
        return checked

    def _row_by_row(self, block: Block) -> Iterator[Record]:
        return (record for _, record in self._checked_rows(block))

    def _checked_rows(self, block: Block) -> Iterator[tuple[Row, Record]]:
        for row in block.rows():
            if self._spent.is_far_over:
                return
            self._spent.count(1)
            record = self._validate(row)
            if record and isinstance(row, Row):
                yield row, record

    def _validate(self, row: Row | BadRow) -> Record | None:
        """The row as a record, or None if it has errors. All issues go to the findings."""
        if isinstance(row, BadRow) and self._other_encoding.add(row):
            self.refused += 1
            return None
        record = (self._adjust_severity(row.issue),) if isinstance(row, BadRow) else self._record(row)
        issues = (
            (*issues_of(record, self._limits), *record.warnings)
            if isinstance(record, Record)
            else tuple(map(self._for_family, record))
        )
        if self.is_native and isinstance(row, Row) and isinstance(row.value, dict):
            record_format = self._limits.model.family.record_format
            repeated = self._schema.repeated(row.value) if isinstance(self._schema, ConversationSchema) else ()
            issues += tuple(unknown_members(row.value, record_format, self._usage.used_names.union(repeated)))
        for issue in issues:
            if issue.rule in _ONCE and issue.severity == "warning":
                if issue.rule in self._said:
                    continue
                self._said.add(issue.rule)
            self._findings.add(self._source.name, row.line, at_place(issue, row.place))
        if any(issue.severity == "error" for issue in issues):
            self.refused += 1
            return None
        if not isinstance(record, Record):
            return None
        self.own_system += self._limits.system_prompt not in {None, self._limits.system_of(record)}
        return record

    def _for_family(self, issue: Issue) -> Issue:
        """How to correct tool calls helps only with a family that is tuned on them."""
        if issue.rule == "tool-use" and not self._limits.model.family.tool_use and issue.remedy.endswith(OR_REMOVE):
            return replace(issue, remedy=f"{without_tools()}.")
        return issue

    def _adjust_severity(self, issue: Issue) -> Issue:
        """A blank line is an error in a file of the family's own format, because AWS's validators refuse it there."""
        if issue.rule == "blank-line" and self.is_native:
            return replace(issue, severity="error", remedy="Remove it: Bedrock refuses it.")
        return issue

    def _record(self, row: Row) -> Record | tuple[Issue, ...]:
        if not isinstance(row.value, dict) or self._schema is None:
            return (not_an_object(row.value),)
        others = self._schema.others(row.value)
        self._usage.see(others)
        if decision := self._selection.decision(others):
            self._usage.records_left_out += decision.severity == "warning"
            return (decision,)
        record = self._schema.record(row.value, row.line, others)
        if isinstance(record, Record) and row.place:
            record = replace(record, place=row.place)
        if isinstance(record, Record) and self._kept is not None:
            origin, values = origin_of(row.value, others), values_of(row.value, self._kept)
            record = replace(record, origin=origin, fields=values)
        if not isinstance(record, Record) and all(issue.severity == "warning" for issue in record):
            self._usage.records_left_out += 1  # a message says that it must not be used for training
        return record


def _with_header(issue: Issue, block: Block) -> Issue:
    """Says where the names of the fields were taken from: a table may have no header."""
    if not isinstance(block, RowBlock) or block.header is None:
        return issue
    message = f"{issue.message[:-1]} ({block.header} was taken for the header)."
    return replace(issue, message=message, remedy=f"Begin with a header such as question,answer. Or: {issue.remedy}")


def _divided(
    checked: CheckedPairs, output: Output, held_out: Output | None, is_held_out: IsHeldOut | None
) -> Iterator[tuple[Output, CheckedPairs]]:
    """The pairs of each output. List operations, because this runs for every record of a large file."""
    if held_out is None or is_held_out is None:
        yield output, checked
        return
    selected = list(map(is_held_out, map(question_hash, checked.prompts)))
    for target, wanted in ((output, list(map(not_, selected))), (held_out, selected)):
        prompts = list(compress(checked.prompts, wanted))
        completions = list(compress(checked.completions, wanted))
        yield target, CheckedPairs(prompts, completions, sum(map(len, prompts)) + sum(map(len, completions)))
