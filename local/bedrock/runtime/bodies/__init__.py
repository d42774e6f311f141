"""The bodies of InvokeModel: a request and response format per vendor."""

from __future__ import annotations

import json

from pydantic import ValidationError as PydanticError

from local.bedrock.errors import ValidationError
from local.bedrock.runtime.bodies.anthropic import AnthropicBody
from local.bedrock.runtime.bodies.base import Body
from local.bedrock.runtime.bodies.nova import NovaBody
from local.bedrock.runtime.bodies.prompts import CohereBody, LlamaBody, TitanBody

__all__ = ["Body", "parse_body"]

_BODIES: dict[str, type[Body]] = {
    "anthropic": AnthropicBody,
    "amazon.nova": NovaBody,
    "meta": LlamaBody,
    "amazon.titan": TitanBody,
    "cohere": CohereBody,
}


def parse_body(base_model_id: str, body: bytes) -> Body:
    """The request body in the format of the model's vendor.

    Raises:
        ValidationError: the body is not JSON, or not in the vendor's format. The message lists every finding.
    """
    kind = next(kind for prefix, kind in _BODIES.items() if base_model_id.startswith(prefix))
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValidationError(
            "The request body is not valid JSON, please reformat your input and try again."
        ) from error
    try:
        return kind.model_validate(document)
    except PydanticError as error:
        findings = "; ".join(
            f"#/{'/'.join(map(str, finding['loc']))}: {finding['msg']}" for finding in error.errors(include_url=False)
        )
        raise ValidationError(
            f"Malformed input request: {findings}, please reformat your input and try again."
        ) from error
