"""Which fields of a file are used as what, and which are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tuner.core.wording import plural, shortened
from tuner.datasets.field_and_role_names import Kind, has_content
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.origin import origin_fields
from tuner.datasets.records.schemas.compound_names import ANSWER, QUESTION
from tuner.datasets.records.schemas.context_fields import USED, Others
from tuner.datasets.records.schemas.record_selection import decides

_NOT_KNOWN = "is left out: its name is not known."
_CONTEXT = (
    f"If the question needs it, call it 'context'. Else leave it out without a warning: {field_setting('ignore')}."
)
_PLACEHOLDER = "Nothing to do if that is right. If the question needs this text, write it into the question."


@dataclass(frozen=True, slots=True)
class FieldReport:
    """`fields` maps a use (`prompt`, `context`) to a field, or several with commas. `left_out`: the unused fields.

    `records_left_out` counts the records that are left out because of what their fields say.
    """

    fields: dict[str, str]
    left_out: tuple[str, ...]
    records_left_out: int = 0

    def sentences(self) -> Iterator[str]:
        """The report in words, for people."""
        if self.fields:
            yield "Used: " + ", ".join(f"{use} from '{name}'" for use, name in self.fields.items()) + "."
        if self.left_out:
            yield "Fields left out: " + ", ".join(f"'{name}'" for name in self.left_out) + "."
        if self.records_left_out:
            yield f"Records left out because of what their fields say: {self.records_left_out:,}."


class FieldUsage:
    """Collects the fields of all rows of a file."""

    def __init__(
        self, fields: dict[str, str], minimum: Iterable[str] = (), kept: Collection[str] | None = None
    ) -> None:
        """`kept` are the fields that the evaluation groups and slices by; None for records that are not evaluated."""
        self._fields = fields
        self._minimum = frozenset(minimum)
        self._kept = kept
        self._used: dict[str, list[str]] = {}
        self._left_out: dict[str, Kind] = {}
        self._placeholders: dict[str, str] = {}
        self._placeholder_counts: Counter[str] = Counter()
        self.records_left_out = 0

    def see(self, others: Others) -> None:
        """Adds the fields of a row that have a content."""
        origin = origin_fields(others) if self._kept is not None else set()
        for name, (kind, value) in others.items():
            if kind is Kind.PLACEHOLDER:
                self._placeholders.setdefault(name, value.strip())
                self._placeholder_counts[name] += 1
                continue
            if name in self._left_out or not has_content(value):
                continue
            use = kind.value if kind in USED else None
            if kind is Kind.TURN or decides(kind, value) or name in self._minimum:
                use = "selection"
            if kind is Kind.TOOLS:
                use = "tools"
            if use is None and name in origin:
                use = "origin"
            if use is None and name in (self._kept or ()):
                use = "groups or slices"
            if use is None:
                self.leave_out(name, kind)
            elif name not in (names := self._used.setdefault(use, [])):
                names.append(name)

    def leave_out(self, name: str, kind: Kind) -> None:
        """Adds a field that is not used."""
        self._left_out[name] = kind

    @property
    def count(self) -> int:
        """The fields that were seen beside question and answer."""
        return len(self._left_out) + sum(map(len, self._used.values()))

    @property
    def report(self) -> FieldReport:
        """What was seen so far."""
        used = {use: ", ".join(map(shortened, names)) for use, names in self._used.items()}
        left_out = tuple(sorted(map(shortened, self._left_out)))
        return FieldReport(self._fields | used, left_out, self.records_left_out)

    @property
    def used_names(self) -> frozenset[str]:
        """The fields beside question and answer that are used."""
        return frozenset(name for names in self._used.values() for name in names)

    def issues(self) -> Iterator[Issue]:
        """Warnings of what might change the meaning of a record.

        left-out-field: a field with a name that is not known. placeholder: a text that was read as a missing value.
        """
        for name, text in self._placeholders.items():
            count = self._placeholder_counts[name]
            records = plural(count, "record")
            message = f"has '{text}' or the like in {records}, which is read as a missing value: nothing is added."
            yield Issue("placeholder", message, _PLACEHOLDER, name, "warning")
        for name, kind in sorted(self._left_out.items()):
            if kind is Kind.UNKNOWN:
                yield self._other_answer(name) or Issue("left-out-field", _NOT_KNOWN, _CONTEXT, name, "warning")

    def _other_answer(self, name: str) -> Issue | None:
        """The warning of a field with the name of an answer or a question, where another one was taken."""
        for role in (ANSWER, QUESTION):
            if role.setting in self._fields and role.find([name]).name:
                message = f"is left out: the {role.what} is taken from '{shortened(self._fields[role.setting])}'."
                remedy = (
                    f"Nothing to do if that is right. Else name the right field with {field_setting(role.setting)}."
                )
                return Issue("left-out-field", message, remedy, name, "warning")
        return None
