"""Document blocks of a Converse request: checks the limits of the API, and extracts the text.

Limits: "API restrictions", Amazon Bedrock User Guide, and DocumentBlock, API Reference, read 2026-11-23. The messages
are AWS's where AWS publishes them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from local.bedrock.errors import ValidationError
from tuner.generation.reading import UnusableError, text_of
from tuner.generation.reading.pdf import open_pdf

_MAX_DOCUMENTS = 5
_MAX_BYTES = 4_500_000
# Formats without a size limit, by model provider.
_UNLIMITED = {"anthropic": {"pdf"}, "amazon": {"pdf", "docx"}}
_READABLE = {"pdf", "docx", "html", "md", "txt"}
_NAME = re.compile(r"[A-Za-z0-9\-()\[\]_]+(?:[ ][A-Za-z0-9\-()\[\]_]+)*")


def document_texts(model_id: str, messages: list[dict[str, Any]]) -> tuple[str, ...]:
    """The texts of all documents in a conversation.

    Raises:
        ValidationError: a limit of the API is exceeded, or the stand-in cannot read a document.
    """
    blocks = list(_blocks(messages))
    names = [block["name"] for block in blocks]
    if len(blocks) > _MAX_DOCUMENTS:
        raise ValidationError(f"You can't include more than {_MAX_DOCUMENTS} documents in a request.")
    if len(set(names)) < len(names):
        raise ValidationError("Messages can't contain duplicate document names.")
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValidationError(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character. "
            "Check that the file name conforms to these restrictions and retry your request."
        )
    return tuple(_text(model_id, block) for block in blocks)


def _blocks(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        found = [block["document"] for block in message["content"] if "document" in block]
        if found and message["role"] != "user":
            raise ValidationError("Documents can only be included in a message of the user.")
        if found and not any("text" in block for block in message["content"]):
            raise ValidationError("A message with documents must include a text block too.")
        yield from found


def _text(model_id: str, block: dict[str, Any]) -> str:
    kind, source = block.get("format", "txt"), block["source"]
    if "text" in source:
        return str(source["text"])
    if "bytes" not in source:
        raise ValidationError(f"The local stand-in accepts documents as bytes or text only; found {', '.join(source)}.")
    try:
        # Bytes inside of a JSON body are base64-encoded. `parse_request` does not decode nested members.
        data = base64.b64decode(source["bytes"], validate=True)
    except binascii.Error as error:
        raise ValidationError(f"The document '{block['name']}' is not encoded in base64.") from error
    unlimited = next((kinds for provider, kinds in _UNLIMITED.items() if f"{provider}." in model_id), set())
    if len(data) > _MAX_BYTES and kind not in unlimited:
        raise ValidationError("A document in the request is larger than the maximum size of 4.5 MB.")
    if kind not in _READABLE:
        raise ValidationError(f"The local stand-in reads {', '.join(sorted(_READABLE))}; found {kind}.")
    try:
        return "\n\n".join(open_pdf(data).texts) if kind == "pdf" else text_of(f"document.{kind}", data)
    except UnusableError as error:
        raise ValidationError(f"The document '{block['name']}' could not be read: it {error}") from error
