"""Parses an HTTP request into the parameters of an operation, by the locations in the service model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import OperationModel, Shape, StructureShape
from dateutil.parser import isoparse

from local.bedrock.errors import ValidationError
from local.bedrock.protocol.operation import Params


def parse_request(
    operation: OperationModel,
    labels: Mapping[str, str],
    query: Mapping[str, Sequence[str]],
    headers: Mapping[str, str],
    body: bytes,
) -> Params:
    """The operation's parameters, from its path, query, headers and body.

    Raises:
        ValidationError: the body is not JSON, or a value has the wrong type.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    params: Params = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        # The name in the request may differ from the member's name, such as `x-amz-...` headers.
        wire = member.serialization.get("name", name)
        if location == "uri" and wire in labels:
            params[name] = labels[wire]
        elif location == "querystring" and wire in query:
            params[name] = _from_text(name, member, query[wire][-1])
        elif location == "header" and wire.lower() in headers:
            params[name] = _from_text(name, member, headers[wire.lower()])
    return params | _body(shape, body)


def _body(shape: StructureShape, body: bytes) -> Params:
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name == "blob":
        return {payload: body}
    in_body = {
        member.serialization.get("name", name): name
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    if not body or not in_body:
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ValidationError(f"The request body is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValidationError("The request body is not a JSON object.")
    # As on AWS: members that are not in the model are ignored, and null means absent.
    return {in_body[key]: value for key, value in document.items() if key in in_body and value is not None}


def _from_text(name: str, member: Shape, text: str) -> Any:
    try:
        match member.type_name:
            case "integer" | "long":
                return int(text)
            case "float" | "double":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "timestamp":
                return isoparse(text)
            case _:
                return text
    except (ValueError, KeyError) as error:
        raise ValidationError(f"Value '{text}' at '{name}' is not a {member.type_name}.") from error
