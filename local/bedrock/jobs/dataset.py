"""Reads training and validation files in the format of the model family, and checks Bedrock's limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.bedrock.jobs.failure import JobFailedError
from local.trainer.spec import Conversation, Turn
from tuner.catalog import Model


def read_records(path: Path, file_name: str, model: Model) -> list[Conversation]:
    """The records of a JSONL file in the model's format.

    Raises:
        JobFailedError: a line breaks a rule. The message is Bedrock's where it is known.
    """
    records = []
    with path.open("rb") as lines:
        for number, raw in enumerate(lines, start=1):
            record = _conversation(raw, number, file_name, model)
            _check_text(record, number, file_name, model)
            records.append(record)
    return records


def estimated_tokens(record: Conversation, model: Model) -> int:
    """The tokens of a record, estimated from its characters as AWS's own dataset validators do."""
    characters = len(record.system or "") + sum(len(turn.text) for turn in record.turns)
    return int(characters / model.family.characters_per_token)


def check_counts(training: int, validation: int | None, model: Model) -> None:
    """Checks the numbers of records against the limits of the model family.

    Raises:
        JobFailedError: there are too few or too many records.
    """
    limits = model.family.records
    counts = [("training", training, limits.training), ("together", training + (validation or 0), limits.together)]
    if validation is not None:
        counts.insert(1, ("validation", validation, limits.validation))
    for what, count, (smallest, largest) in counts:
        where = "training and validation data" if what == "together" else f"{what} dataset"
        if smallest is not None and count < smallest:
            raise JobFailedError(f"The {where} must contain at least {smallest} records for {model.id}; found {count}.")
        if largest is not None and count > largest:
            raise JobFailedError(f"The {where} must contain at most {largest} records for {model.id}; found {count}.")


def _conversation(raw: bytes, number: int, file_name: str, model: Model) -> Conversation:
    try:
        document = json.loads(raw.decode("utf-8"))
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        return _PARSERS[model.family.record_format](document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = "blank line" if not raw.strip() else f"{type(error).__name__}: {error}"
        raise JobFailedError(
            f"Unable to parse Amazon S3 file: {file_name}. Data files must conform to JSONL format, and each line to "
            f"the format of {model.name} (line {number}: {reason})."
        ) from error


def _prompt_completion(document: dict[str, Any]) -> Conversation:
    turns = (Turn(role="user", text=document["prompt"]), Turn(role="assistant", text=document["completion"]))
    return _checked(Conversation(turns=turns))


def _anthropic(document: dict[str, Any]) -> Conversation:
    turns = tuple(Turn(role=message["role"], text=message["content"]) for message in document["messages"])
    return _checked(Conversation(system=document.get("system"), turns=turns))


def _converse(document: dict[str, Any]) -> Conversation:
    if document.get("schemaVersion") != "bedrock-conversation-2024":
        raise ValueError("schemaVersion must be bedrock-conversation-2024")
    system = "\n".join(_texts(document.get("system", [])))
    turns = tuple(
        Turn(role=message["role"], text="\n".join(_texts(message["content"]))) for message in document["messages"]
    )
    return _checked(Conversation(system=system or None, turns=turns))


def _texts(blocks: list[dict[str, str]]) -> Iterator[str]:
    for block in blocks:
        yield block["text"]


def _checked(conversation: Conversation) -> Conversation:
    roles = [turn.role for turn in conversation.turns]
    if len(roles) < 2 or len(roles) % 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        raise ValueError("roles must alternate, from user to assistant")
    if not all(turn.text.strip() for turn in conversation.turns):
        raise ValueError("a turn has no text")
    return conversation


_PARSERS = {"prompt_completion": _prompt_completion, "anthropic": _anthropic, "converse": _converse}


def _check_text(record: Conversation, number: int, file_name: str, model: Model) -> None:
    prompts = [record.system or "", *(turn.text for turn in record.turns if turn.role == "user")]
    # In the answers, these strings are allowed: AWS documents them for user and system prompts only.
    for reserved in model.family.reserved_strings:
        if any(reserved in prompt for prompt in prompts):
            raise JobFailedError(
                f"{file_name}, line {number}: a prompt contains the reserved string '{reserved}'. Remove it."
            )
    tokens = estimated_tokens(record, model)
    if tokens > model.tokens_per_record:
        raise JobFailedError(
            f"Max sum of input and output token length {tokens} exceeds total limit of {model.tokens_per_record} "
            f"({file_name}, line {number})."
        )
