"""Reads the output of a batch inference job of Amazon Bedrock: `recordId`, `modelInput`, and `modelOutput` or `error`.

Source: "View the results of a batch inference job", Amazon Bedrock User Guide. Input and output have the form of the
model's own API, or Converse's.
"""

from __future__ import annotations

from collections.abc import Mapping

from tuner.datasets.field_and_role_names import Fields, role_of
from tuner.datasets.records.schemas.messages import joined

_PROMPTS = ("prompt", "inputText")
# The members of outputs that hold a text: Llama, Titan, Cohere, Mistral.
_TEXTS = ("generation", "outputText", "completion", "text")
_LISTS = ("results", "generations", "outputs")


def is_batch_output(row: Fields) -> bool:
    """Whether a row is a record of a batch inference job's output."""
    return isinstance(row.get("modelInput"), Mapping) and ("modelOutput" in row or "error" in row)


def question_of(row: Fields) -> str | None:
    """The last thing that the user said; None if the input has another form."""
    given = row.get("modelInput")
    if not isinstance(given, Mapping):
        return None
    messages = given.get("messages")
    said = [
        joined(message.get("content"), None)
        for message in (messages if isinstance(messages, list) else ())
        if isinstance(message, Mapping) and role_of(message) == "user"
    ]
    if said:
        return said[-1]
    return next((given[name] for name in _PROMPTS if isinstance(given.get(name), str)), None)


def answer_of(row: Fields) -> str | None:
    """The model's answer; None if the request failed. Raises ValueError for an output of an unknown form."""
    output = row.get("modelOutput")
    if output is None:
        return None
    if not isinstance(output, Mapping):
        raise ValueError("modelOutput must be an object")
    inner = output.get("output")
    message = inner.get("message") if isinstance(inner, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else output.get("content")
    if isinstance(content, list):
        texts = [
            block["text"] for block in content if isinstance(block, Mapping) and isinstance(block.get("text"), str)
        ]
        return "\n".join(texts)
    entries = next((output[name] for name in _LISTS if isinstance(output.get(name), list)), [output])
    first = entries[0] if entries and isinstance(entries[0], Mapping) else {}
    for name in _TEXTS:
        if isinstance(first.get(name), str):
            return str(first[name])
    raise ValueError("modelOutput has no text that is known")
