"""The rules that a model family sets for a record, each a pure function with its source in the docstring.

A rule takes a record and the limits it is held to, and yields what is wrong. It never raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuner.catalog import Model
from tuner.catalog.models import RecordFormat
from tuner.datasets.findings import Flaw
from tuner.datasets.records.record import Record, Role


@dataclass(frozen=True, slots=True)
class Limits:
    """What a record is held to: the model's rules, and what the file is used for."""

    model: Model
    role: Role
    system_prompt: str | None = None

    def tokens(self, text: str) -> int:
        """Tokens in a text by the family's stated estimate, rounded down as AWS's own validators do."""
        return int(len(text) / self.model.family.characters_per_token)

    def system_of(self, record: Record) -> str | None:
        """The record's own system prompt, else the run's."""
        return record.system or self.system_prompt

    def texts_of(self, record: Record) -> list[str]:
        """The record's texts, with the system prompt that applies to it."""
        return [self.system_of(record) or "", *(turn.text for turn in record.turns)]


Rule = Callable[[Record, Limits], Iterator[Flaw]]


def empty_text(record: Record, _: Limits) -> Iterator[Flaw]:
    """empty-text: every turn says something. Source: "Prepare your training datasets", Amazon Bedrock User Guide."""
    for turn in record.turns:
        if not turn.text.strip():
            found = "is empty." if not turn.text else "has nothing but white space."
            yield Flaw("empty-text", found, "Write a text, or remove the record.", turn.field)


def speakers(record: Record, _: Limits) -> Iterator[Flaw]:
    """turn-order: user first, assistant last, in turns. Source: as above, for Converse and Claude formats."""
    remedy = "Let user and assistant take turns, the user first and the assistant last."
    if not record.turns:
        yield Flaw("turn-order", "the conversation has no messages.", remedy, "messages")
        return
    for number, turn in enumerate(record.turns):
        expected = "assistant" if number % 2 else "user"
        if turn.speaker != expected:
            message = f"the speaker of turn {number + 1} must be '{expected}', not '{turn.speaker[:40]}'."
            yield Flaw("turn-order", message, remedy, turn.field)
            return
    if len(record.turns) % 2:
        yield Flaw("turn-order", "the last turn must be the assistant's.", remedy, record.turns[-1].field)


def single_turn(record: Record, limits: Limits) -> Iterator[Flaw]:
    """single-turn: `prompt`/`completion` formats hold one question and one answer, and are asked so too."""
    if len(record.turns) <= 2 or limits.model.family.record_format != "prompt_completion":
        return
    message = f"{limits.model.name} is tuned on single prompts; this conversation has {len(record.turns)} turns."
    remedy = "Keep one question and its answer, or choose a base model that is tuned on conversations."
    yield Flaw("single-turn", message, remedy, record.turns[0].field)


def tokens(record: Record, limits: Limits) -> Iterator[Flaw]:
    """record-tokens: a record has no more tokens than the model takes. Source: "Quotas", Amazon Bedrock User Guide."""
    count = sum(map(limits.tokens, limits.texts_of(record)))
    most = limits.model.tokens_per_record
    if count > most:
        message = f"the record has about {count:,} tokens; {limits.model.name} takes {most:,}."
        longest = max(record.turns, key=lambda turn: len(turn.text), default=None)
        yield Flaw("record-tokens", message, "Shorten or split it.", longest.field if longest else "system")


def reserved_strings(record: Record, limits: Limits) -> Iterator[Flaw]:
    """reserved-string: Nova's own markers stand in no text. Source: Amazon Nova User Guide; AWS's Nova validator."""
    texts = [(turn.field, turn.text) for turn in record.turns]
    for field, text in [("system", record.system or ""), *texts]:
        for reserved in limits.model.family.reserved_strings:
            if reserved in text:
                message = f"'{reserved}' is reserved by {limits.model.name} and fails the job."
                yield Flaw("reserved-string", message, "Write it in another way.", field)


def encodable(record: Record, _: Limits) -> Iterator[Flaw]:
    """unicode: a lone surrogate (`\\ud83d` without its other half) is no letter and cannot be written as UTF-8."""
    texts = [(turn.field, turn.text) for turn in record.turns]
    for field, text in [*texts, ("system", record.system or "")]:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"has half a letter at position {error.start + 1} (a lone surrogate)."
            yield Flaw("unicode", message, "Write the whole letter, or remove it.", field)


_MEMBERS: Mapping[RecordFormat, frozenset[str]] = {
    "converse": frozenset({"schemaVersion", "system", "messages"}),
    "anthropic": frozenset({"system", "messages"}),
    "prompt_completion": frozenset({"prompt", "completion"}),
}


def unknown_members(row: Mapping[str, Any], record_format: RecordFormat) -> Iterator[Flaw]:
    """unknown-member: what the format does not name, in a file that could be sent as it is. Source: as `empty_text`.

    A warning: AWS's validators pass over such members too.
    """
    unknown = [name for name in row if name not in _MEMBERS[record_format]]
    messages = row.get("messages") if record_format != "prompt_completion" else None
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        if isinstance(message, Mapping):
            unknown += [f"messages[{number}].{name}" for name in message if name not in ("role", "content")]
    if unknown:
        names = ", ".join(f"'{name[:60]}'" for name in unknown[:5]) + (" and others" if len(unknown) > 5 else "")
        message = f"{names}: no {'member' if len(unknown) == 1 else 'members'} of the format."
        yield Flaw("unknown-member", message, "Nothing to do here: left out of what is written.", severity="warning")


RULES: tuple[Rule, ...] = (empty_text, speakers, single_turn, tokens, reserved_strings, encodable)


def flaws_of(record: Record, limits: Limits) -> tuple[Flaw, ...]:
    """Everything that is wrong with a record."""
    return tuple(flaw for rule in RULES for flaw in rule(record, limits))
