"""Finds the operation of a request, by the URI templates of the service model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from local.bedrock.errors import UnknownOperationError

_LABEL = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the pattern of its path."""

    operation: OperationModel
    method: str
    path: re.Pattern[str]
    literal_length: int


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


@cache
def _routes(service: str) -> list[Route]:
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        # A template may end in a fixed query string, which is not part of the path.
        template = operation.http["requestUri"].split("?")[0]
        # A label may contain an ARN with slashes. Where two templates match, the one with more literal text wins.
        pattern = "".join(
            f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(_LABEL.split(template))
        )
        literal_length = len(_LABEL.sub("", template))
        routes.append(Route(operation, operation.http["method"], re.compile(pattern), literal_length))
    return sorted(routes, key=lambda route: -route.literal_length)


def route_target(service: str, target: str) -> OperationModel:
    """The operation that an X-Amz-Target header names (services whose protocol is `json`).

    Raises:
        UnknownOperationError: the service model has no such operation.
    """
    name = target.rsplit(".", 1)[-1]
    model = service_model(service)
    if name not in model.operation_names:
        raise UnknownOperationError(f"{service} has no operation {name}.")
    return model.operation_model(name)


def route(service: str, method: str, path: str) -> tuple[OperationModel, dict[str, str]]:
    """The operation and the decoded labels of its path (services whose protocol is `rest-json`).

    Raises:
        UnknownOperationError: nothing in the service model has this method and path.
    """
    for candidate in _routes(service):
        if candidate.method != method:
            continue
        match = candidate.path.fullmatch(path)
        if match:
            return candidate.operation, {name: unquote(value) for name, value in match.groupdict().items()}
    raise UnknownOperationError(f"No operation of {service} has method {method} and path {path}.")
