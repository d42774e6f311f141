"""One service behind MiniStack's handler signature: route, parse, validate, do, serialize."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.model import OperationModel

from local.bedrock.errors import BedrockError, UnknownOperationError
from local.bedrock.protocol.parsing import parse_request
from local.bedrock.protocol.routing import route, route_target, service_model
from local.bedrock.protocol.serializing import Response, error_response, serialize
from local.bedrock.protocol.validation import validate

Operation = Callable[[dict[str, Any]], dict[str, Any]]
Handler = Callable[
    [str, str, Mapping[str, str], bytes, Mapping[str, Sequence[str]]], Awaitable[tuple[int, dict[str, str], bytes]]
]

logger = logging.getLogger(__name__)


class Endpoint:
    """A service of the local cloud: its operations by name, run on threads so that the event loop never waits."""

    def __init__(self, service: str, operations: Mapping[str, Operation], threads: ThreadPoolExecutor) -> None:
        self._service = service
        self._operations = operations
        self._threads = threads

    async def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Mapping[str, Sequence[str]],
    ) -> Response:
        """Answer one request."""
        # The account and the Region of a request are context variables: the thread needs a copy of them.
        context = contextvars.copy_context()
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, context.run, self.answer, method, path, headers, body, query_params
        )
        return await work

    def answer(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query_params: Mapping[str, Sequence[str]],
    ) -> Response:
        """Answer one request on the calling thread."""
        try:
            operation, labels = self._route(method, path, headers)
            params = parse_request(operation, labels, query_params, headers, body)
            validate(operation, params)
            if operation.name not in self._operations:
                raise UnknownOperationError(f"The local Bedrock has no {operation.name}: see docs/local-bedrock.md.")
            return serialize(operation, self._operations[operation.name](params))
        except BedrockError as error:
            return error_response(error)
        except Exception:
            logger.exception("%s %s failed", method, path)
            return error_response(BedrockError("The local Bedrock failed: the server's log has the traceback."))

    def _route(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[OperationModel, dict[str, str]]:
        if service_model(self._service).metadata["protocol"] == "json":
            return route_target(self._service, headers.get("x-amz-target", "")), {}
        return route(self._service, method, path)
