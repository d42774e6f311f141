"""The rules of a model family for a record. Each is a pure function with its source in the docstring.

A rule takes a record and its limits, and yields issues. It never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass

from tuner.catalog import Model, models
from tuner.catalog.models import RecordFormat
from tuner.core.text_sanitizer import is_blank
from tuner.datasets.field_and_role_names import Fields
from tuner.datasets.findings import Issue, field_setting
from tuner.datasets.records.record import DataRole, Record


@dataclass(frozen=True, slots=True)
class RecordLimits:
    """What the rules need to know: the model, the role of the file and the run's system prompt."""

    model: Model
    role: DataRole
    system_prompt: str | None = None

    def tokens(self, text: str) -> int:
        """Tokens of a text by the family's documented estimate, rounded down as AWS's own validators do."""
        return int(len(text) / self.model.family.characters_per_token)

    def system_of(self, record: Record) -> str | None:
        """The record's own system prompt, else the run's."""
        return record.system or self.system_prompt

    def texts_of(self, record: Record) -> list[str]:
        """The record's texts, with the system prompt that applies to it."""
        return [self.system_of(record) or "", *(turn.text for turn in record.turns)]


Rule = Callable[[Record, RecordLimits], Iterator[Issue]]


def empty_text(record: Record, _: RecordLimits) -> Iterator[Issue]:
    """empty-text: every turn has text. Source: "Prepare your training datasets", Amazon Bedrock User Guide."""
    for turn in record.turns:
        if is_blank(turn.text):
            found = "is empty." if not turn.text else "has only white space or invisible characters."
            yield Issue("empty-text", found, "Write a text, or remove the record.", turn.field)


def speakers(record: Record, _: RecordLimits) -> Iterator[Issue]:
    """turn-order: user first, assistant last, in turns. Source: as `empty_text`, for Converse and Claude formats."""
    remedy = "Let user and assistant take turns. The user is first and the assistant last."
    if not record.turns:
        yield Issue("turn-order", "the conversation has no messages.", remedy, "messages")
        return
    for number, turn in enumerate(record.turns):
        expected = "assistant" if number % 2 else "user"
        if turn.speaker != expected:
            message = f"the speaker of turn {number + 1} must be '{expected}', not '{turn.speaker[:40]}'."
            yield Issue("turn-order", message, remedy, turn.field)
            return
    if len(record.turns) % 2:
        yield Issue("turn-order", "the last turn must be the assistant's.", remedy, record.turns[-1].field)


def single_turn(record: Record, limits: RecordLimits) -> Iterator[Issue]:
    """single-turn: formats with `prompt` and `completion` have one question and one answer, in evaluation data too."""
    if len(record.turns) <= 2 or limits.model.family.record_format != "prompt_completion":
        return
    message = f"{limits.model.name} is tuned on single questions; this conversation has {len(record.turns)} turns."
    remedy = "Keep one question and its answer, or choose a base model that is tuned on conversations."
    yield Issue("single-turn", message, remedy, record.turns[0].field)


def without_tools() -> str:
    """What to do with a record that uses tools, for a family that is not tuned on them."""
    known = ", ".join(each.name for each in models() if each.family.tool_use)
    return f"Remove the record, or choose a base model that is tuned on tool calls ({known})"


def tool_use(record: Record, limits: RecordLimits) -> Iterator[Issue]:
    """tool-use: only some families are tuned on tool calls. Source: the catalog; questions are asked without tools."""
    if record.tools is None:
        return
    if limits.role == "evaluation":
        message = "the conversation calls tools; evaluation questions are asked without tools."
        yield Issue("tool-use", message, "Remove the record from the evaluation file.", record.turns[0].field)
    elif not limits.model.family.tool_use:
        blocks = (block for message in record.tools.messages for block in message["content"])
        calls = any("toolUse" in block or "toolResult" in block for block in blocks)
        does = "calls tools" if calls else "describes tools and calls none"
        message = f"the conversation {does}; {limits.model.name} is not tuned on tool calls."
        without = "" if calls else f", or ignore the description: {field_setting('ignore')}"
        yield Issue("tool-use", message, f"{without_tools()}{without}.", record.turns[0].field)


def several_answers(record: Record, limits: RecordLimits) -> Iterator[Issue]:
    """several-answers: a model learns one answer. Evaluation accepts all of them. Only a warning."""
    if record.references and limits.role != "evaluation":
        message = f"has {len(record.references) + 1} answers; the model learns the first."
        remedy = "Put the best answer first, or write a record for each."
        yield Issue("several-answers", message, remedy, record.turns[-1].field, "warning")


def tokens(record: Record, limits: RecordLimits) -> Iterator[Issue]:
    """record-tokens: a record has no more tokens than the model allows. Source: "Quotas", Amazon Bedrock User Guide."""
    count = sum(map(limits.tokens, limits.texts_of(record)))
    most = limits.model.tokens_per_record
    if count > most:
        message = f"the record has about {count:,} tokens; {limits.model.name} takes at most {most:,}."
        longest = max(record.turns, key=lambda turn: len(turn.text), default=None)
        yield Issue("record-tokens", message, "Shorten or split it.", longest.field if longest else "system")


def reserved_strings(record: Record, limits: RecordLimits) -> Iterator[Issue]:
    """reserved-string: no text has one of Nova's markers. Source: Amazon Nova User Guide; AWS's Nova validator."""
    texts = [(turn.field, turn.text) for turn in record.turns]
    for field, text in [("system", record.system or ""), *texts]:
        for reserved in limits.model.family.reserved_strings:
            if reserved in text:
                yield reserved_string_issue(reserved, limits.model, field)


def reserved_string_issue(reserved: str, model: Model, field: str) -> Issue:
    """The issue of a text that has a string which is reserved by the model."""
    message = f"'{reserved}' is reserved by {model.name}; with it, the customization job fails."
    return Issue("reserved-string", message, "Write it differently.", field)


def encodable(record: Record, _: RecordLimits) -> Iterator[Issue]:
    """unicode: a lone surrogate (`\\ud83d` without its other half) is not a character and has no UTF-8 encoding."""
    texts = [(turn.field, turn.text) for turn in record.turns]
    for field, text in [*texts, ("system", record.system or "")]:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"has half a character (a lone surrogate) at position {error.start + 1}."
            yield Issue("unicode", message, "Write the whole character, or remove it.", field)


_MEMBERS: Mapping[RecordFormat, frozenset[str]] = {
    "converse": frozenset({"schemaVersion", "system", "messages", "toolConfig"}),
    "anthropic": frozenset({"system", "messages"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
}


def unknown_members(row: Fields, record_format: RecordFormat, used: Container[str]) -> Iterator[Issue]:
    """unknown-member: a member that the format does not have, in a file of a Bedrock format. Source: as `empty_text`.

    `used` are members that are not in the format, but are used: they are part of the converted question.

    Only a warning: AWS's validators ignore such members too.
    """
    unknown = [name for name in row if name not in _MEMBERS[record_format] and name not in used]
    messages = row.get("messages") if record_format != "prompt_completion" else None
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, Mapping):
            unknown += [f"messages[{number}].{name}" for name in message if name not in ("role", "content")]
    if unknown:
        names = ", ".join(f"'{name[:60]}'" for name in unknown[:5]) + (" and others" if len(unknown) > 5 else "")
        message = f"the format does not have the member{'' if len(unknown) == 1 else 's'} {names}."
        remedy = "Nothing to do: they are left out of the converted file."
        yield Issue("unknown-member", message, remedy, severity="warning")


RULES: tuple[Rule, ...] = (
    empty_text,
    speakers,
    single_turn,
    tool_use,
    several_answers,
    tokens,
    reserved_strings,
    encodable,
)


def issues_of(record: Record, limits: RecordLimits) -> tuple[Issue, ...]:
    """All issues of a record."""
    return tuple(issue for rule in RULES for issue in rule(record, limits))
