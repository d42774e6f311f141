"""Serializes the result of an operation, or its error, to an HTTP response."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from local.bedrock.errors import BedrockError
from local.bedrock.protocol.operation import Result

# Status, headers and body, as MiniStack expects them.
Response = tuple[int, dict[str, str], bytes]
# The member of a result that holds response headers beyond the service model.
HEADERS = "$headers"


def stand_in_headers(name: str) -> dict[str, str]:
    """A header that AWS does not send: it names the stand-in that answered."""
    return {"x-local-stand-in": name}


def serialize(operation: OperationModel, result: Result) -> Response:
    """The response that the service model describes. Members that are None are left out.

    Raises:
        KeyError: the result has a member that is not in the model, or lacks a required one.
    """
    status = operation.http.get("responseCode", 200)
    shape = operation.output_shape
    plain = {"Content-Type": "application/json"} | result.pop(HEADERS, {})
    if shape is None:
        return status, plain, b"{}"
    payload = shape.serialization.get("payload")
    headers = plain | {
        member.serialization["name"]: str(result[name])
        for name, member in shape.members.items()
        if member.serialization.get("location") == "header" and result.get(name) is not None
    }
    if payload:
        # The body is the payload itself, such as the vendor's body of InvokeModel.
        return status, headers, result[payload]
    body = {name: value for name, value in result.items() if "location" not in shape.members[name].serialization}
    document = json.dumps(_wire(shape, body), ensure_ascii=False).encode()
    return status, headers, document


def error_response(error: BedrockError) -> Response:
    """An error in AWS's JSON format: the code is in a header and in the body."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}
    return error.status, headers, json.dumps({"__type": error.code, "message": str(error)}).encode()


def _wire(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape) and not getattr(shape, "is_document_type", False):
        missing = [name for name in shape.required_members if value.get(name) is None]
        if missing:
            raise KeyError(f"{shape.name} lacks {missing}")
        return {
            shape.members[name].serialization.get("name", name): _wire(shape.members[name], item)
            for name, item in value.items()
            if item is not None
        }
    if isinstance(shape, ListShape):
        return [_wire(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _wire(shape.value, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
