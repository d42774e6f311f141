"""Connects boto3 clients to the fake AWS instead of the network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.unit.cli.fake_aws import FakeAws, Refused

# Calls whose action in a policy has another name.
_ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "Invoke": "lambda:InvokeFunction",
    "Converse": "bedrock:InvokeModel",
}
_PREFIXES = {"stepfunctions": "states", "service-quotas": "servicequotas"}


def _action(model: Any) -> str:
    service = model.service_model.service_name
    return _ACTIONS.get(model.name, f"{_PREFIXES.get(service, service)}:{model.name}")


@contextmanager
def recorded(service_client: Any, service: str, aws: FakeAws) -> Iterator[None]:
    """Notes the actions that moto answers."""

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        aws.actions.add(_action(model))
        aws.asked.append((model.name, {"path": params["url_path"]}))

    service_client.meta.events.register(f"before-call.{service}", note)
    yield
    service_client.meta.events.unregister(f"before-call.{service}", note)


@contextmanager
def answered(service_client: Any, service: str, aws: FakeAws) -> Iterator[None]:
    """Puts the aws's answers in place of the network, behind botocore's own check of the parameters."""
    latest = threading.local()  # some commands call AWS from several threads

    def remember(params: dict[str, Any], **_: Any) -> None:
        latest.parameters = dict(params)

    def reply(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        aws.actions.add(_action(model))
        status, body = 200, {}
        try:
            body = aws.answer(model.name, latest.parameters)
        except Refused as refused:
            status, body = refused.status, {"Error": {"Code": refused.code, "Message": refused.message}}
        body.setdefault("ResponseMetadata", {})["HTTPStatusCode"] = status
        return AWSResponse("", status, {}, None), body

    events = service_client.meta.events
    handlers: dict[str, Callable[..., Any]] = {
        f"provide-client-params.{service}": remember,
        f"before-call.{service}": reply,
    }
    for name, handler in handlers.items():
        events.register(name, handler)
    yield
    for name, handler in handlers.items():
        events.unregister(name, handler)
