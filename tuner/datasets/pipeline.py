"""One pass over a file: every row is read, checked, converted and handed on, in memory that does not grow.

Files of questions and answers take a short way: a block is decoded into typed pairs and screened as a whole. Whatever
the screen does not clear (a flaw, another field, a longer text) is read again row by row through the rules, so what is
found and what is written is the same on both ways; only the speed differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import compress
from operator import not_
from typing import Any

from tuner.datasets.findings import Findings, Flaw
from tuner.datasets.io import Sink, Source
from tuner.datasets.reading import BadRow, Block, Row, UnreadableError, blocks
from tuner.datasets.reading.rows import no_records
from tuner.datasets.records.fast_path import Cleared, Screen, screen_for
from tuner.datasets.records.formats import encoded, encoded_pairs, written
from tuner.datasets.records.record import Record, pair
from tuner.datasets.records.rules import Limits, flaws_of, unknown_members
from tuner.datasets.records.schema_detection import Shape, kind_of, shape_of
from tuner.settings import FieldNames

Route = Callable[[str, str], bool]


class Output:
    """Where converted records go, and how much went there. `characters` counts texts and system prompts.

    `hears` is given the same records, where they are needed in another form too.
    """

    def __init__(self, sink: Sink, hears: Callable[[Iterable[Record]], None] | None = None) -> None:
        self._sink = sink
        self.hears = hears
        self.records = 0
        self.characters = 0
        self.bytes = 0

    def write(self, data: bytes, records: int, characters: int) -> None:
        """Appends whole lines."""
        self._sink.write(data)
        self.records += records
        self.characters += characters
        self.bytes += len(data)


class Pass:
    """Reads one file for one use. `findings` collects what is wrong; nothing is raised for what the file holds.

    Afterwards `refused` is how many records have errors, and `unreadable` says that the file was not read to its end.
    """

    def __init__(
        self, source: Source, limits: Limits, fields: FieldNames, findings: Findings, short_way: bool = True
    ) -> None:
        self._source = source
        self._limits = limits
        self._fields = fields
        self._findings = findings
        self._short_way = short_way
        self._shape: Shape | None = None
        self._screen: Screen | None = None
        self.refused = 0
        self.unreadable = False

    @property
    def fields(self) -> dict[str, str]:
        """Which field was taken for what; empty before the first row was read."""
        return self._shape.fields if self._shape else {}

    @property
    def is_native(self) -> bool:
        """Whether the file is already in the family's format."""
        return self._shape is not None and self._shape.native == self._limits.model.family.record_format

    def records(self) -> Iterator[Record]:
        """Every record that no rule refuses."""
        for block in self._blocks():
            yield from self._long_way(block)

    def rows(self) -> Iterator[tuple[dict[str, Any], Record]]:
        """The same, each with its fields as they are in the file."""
        for block in self._blocks():
            yield from ((row.value, record) for row, record in self._checked(block))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Question and answer of every record that no rule refuses; quicker than `records`."""
        for block in self._blocks():
            if cleared := self._cleared(block):
                yield from zip(cleared.prompts, cleared.completions, strict=True)
            else:
                yield from ((record.prompt, record.completion) for record in self._long_way(block))

    def convert(self, kept: Output, held_out: Output | None = None, route: Route | None = None) -> None:
        """Writes every record in the family's format; those that `route` picks go to `held_out`."""
        family, system = self._limits.model.family, self._limits.system_prompt
        for block in self._blocks():
            if cleared := self._cleared(block):
                for output, part in _routed(cleared, kept, held_out, route):
                    lines = encoded_pairs(part.prompts, part.completions, family.record_format, system)
                    output.write(lines, len(part.prompts), part.characters + len(system or "") * len(part.prompts))
                    if output.hears:
                        output.hears(map(pair, part.prompts, part.completions))
                continue
            for record in self._long_way(block):
                output = held_out if held_out and route and route(record.prompt, record.completion) else kept
                line = encoded([written(record, family.record_format, self._limits.system_of(record))])
                output.write(line, 1, sum(map(len, self._limits.texts_of(record))))
                if output.hears:
                    output.hears((record,))

    def _blocks(self) -> Iterator[Block]:
        empty = True
        try:
            for block in blocks(self._source, self._decode):
                empty = False
                if self._shape is None:
                    self._learn(block)
                yield block
            if empty:
                raise UnreadableError(None, no_records())
        except UnreadableError as error:
            self.unreadable = True
            self._findings.at(self._source.name, error.line, error.flaw)

    def _decode(self, data: bytes) -> list[Any] | None:
        return self._screen.decode(data) if self._screen else None

    def _learn(self, block: Block) -> None:
        """Takes the file's shape from the first row that has one. Raises UnreadableError when it tells nothing."""
        earlier: list[Row | BadRow] = []
        for row in block.rows():
            if isinstance(row, BadRow) or not isinstance(row.value, dict):
                earlier.append(row)
                continue
            shape = shape_of(row.value, self._fields)
            if isinstance(shape, Flaw):
                for bad in earlier:
                    self._judged(bad)
                raise UnreadableError(row.line, shape)
            self._shape = shape
            self._screen = screen_for(shape, row.value, self._limits) if self._short_way else None
            return

    def _cleared(self, block: Block) -> Cleared | None:
        return self._screen.clear(block) if self._screen else None

    def _long_way(self, block: Block) -> Iterator[Record]:
        return (record for _, record in self._checked(block))

    def _checked(self, block: Block) -> Iterator[tuple[Row, Record]]:
        for row in block.rows():
            record = self._judged(row)
            if record and isinstance(row, Row):
                yield row, record

    def _judged(self, row: Row | BadRow) -> Record | None:
        """The row as a record, if it is a good one; what is wrong with it goes to the findings."""
        record = (self._severe(row.flaw),) if isinstance(row, BadRow) else self._record(row)
        flaws = flaws_of(record, self._limits) if isinstance(record, Record) else record
        if self.is_native and isinstance(row, Row) and isinstance(row.value, dict):
            flaws += tuple(unknown_members(row.value, self._limits.model.family.record_format))
        for flaw in flaws:
            self._findings.at(self._source.name, row.line, flaw)
        if any(flaw.severity == "error" for flaw in flaws):
            self.refused += 1
            return None
        return record if isinstance(record, Record) else None

    def _severe(self, flaw: Flaw) -> Flaw:
        """A blank line is an error in a file that could be sent as it is: AWS's validators refuse it there."""
        if flaw.rule == "blank-line" and self.is_native:
            return replace(flaw, severity="error", remedy="Remove it: Bedrock refuses it.")
        return flaw

    def _record(self, row: Row) -> Record | tuple[Flaw, ...]:
        if not isinstance(row.value, dict) or self._shape is None:
            message = f"a record must be an object with named fields, not {kind_of(row.value)}."
            return (Flaw("record-kind", message, 'Write {"question": "...", "answer": "..."}.'),)
        return self._shape.record(row.value, row.line)


def _routed(
    cleared: Cleared, kept: Output, held_out: Output | None, route: Route | None
) -> Iterator[tuple[Output, Cleared]]:
    if held_out is None or route is None:
        yield kept, cleared
        return
    picked = list(map(route, cleared.prompts, cleared.completions))
    for output, wanted in ((kept, list(map(not_, picked))), (held_out, picked)):
        prompts = list(compress(cleared.prompts, wanted))
        completions = list(compress(cleared.completions, wanted))
        yield output, Cleared(prompts, completions, sum(map(len, prompts)) + sum(map(len, completions)))
