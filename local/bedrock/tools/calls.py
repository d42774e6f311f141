"""Which kind a forced tool call is, and its arguments, checked against the tool's own schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema

from local.bedrock.catalogue import judge_name
from local.bedrock.errors import ValidationError
from local.bedrock.tools import extract, grade, prefer
from local.bedrock.tools.served import ask_server

if TYPE_CHECKING:
    from local.bedrock.bedrock import Bedrock
    from local.bedrock.settings import Settings
    from local.bedrock.tools.call import ToolCall

KINDS = (grade, prefer, extract)


def answered_by(settings: Settings, call: ToolCall) -> str:
    """The name of what fills the call in."""
    return extract.NAME if not settings.judge_url and extract.fits(call) else judge_name(settings)


def fill_in(bedrock: Bedrock, call: ToolCall, max_tokens: int, temperature: float | None) -> dict[str, Any] | str:
    """The tool's arguments; words where a served judge used none.

    Raises:
        ValidationError: no kind of tool fits, or the schema asks for what the kind cannot give.
        ModelError: the served judge failed.
    """
    if bedrock.settings.judge_url:
        # Its mistakes are passed on as they are: a judge's caller has to cope with them on AWS too.
        return ask_server(bedrock.settings, call, max_tokens, temperature)
    kind = next((kind for kind in KINDS if kind.fits(call)), None)
    if kind is None:
        raise ValidationError(
            f"The local stand-in cannot fill in the tool '{call.name}': it grades (a property `score`, tags "
            "<question>, <reference>, <answer>), prefers (`preferred`, <answer_1>, <answer_2>) and extracts (`pairs`, "
            "a document block): docs/local-judge.md."
        )
    filled = kind.fill(bedrock, call) | _constants(call)
    arguments = {name: value for name, value in filled.items() if name in call.properties}
    try:
        jsonschema.validate(arguments, call.schema)
    except jsonschema.ValidationError as error:
        raise ValidationError(f"The local stand-in cannot satisfy the tool '{call.name}': {error.message}") from error
    return arguments


def _constants(call: ToolCall) -> dict[str, Any]:
    """The members for which the schema leaves no choice."""
    return {name: rule["const"] for name, rule in call.properties.items() if "const" in rule}
