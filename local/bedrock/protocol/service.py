"""The handler of one AWS service: routes, parses, validates, executes and serializes."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from botocore.model import OperationModel

from local.bedrock.errors import BedrockError, UnknownOperationError
from local.bedrock.protocol.operation import Operation
from local.bedrock.protocol.parsing import parse_request
from local.bedrock.protocol.routing import route, route_target, service_model
from local.bedrock.protocol.serializing import Response, error_response, serialize
from local.bedrock.protocol.validation import validate

# MiniStack's handler signature: method, path, headers, body and query parameters.
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Sequence[str]]], Awaitable[Response]]

logger = logging.getLogger(__name__)


class Service:
    """A service of the local cloud. Operations run on threads, so that the event loop of the server never blocks."""

    def __init__(self, name: str, operations: Mapping[str, Operation], threads: ThreadPoolExecutor) -> None:
        self._name = name
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
        # MiniStack keeps the account and the Region of a request in context variables, which the thread needs too.
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
        """Answers one request on the calling thread."""
        try:
            operation, labels = self._route(method, path, headers)
            params = parse_request(operation, labels, query_params, headers, body)
            validate(operation, params)
            if operation.name not in self._operations:
                raise UnknownOperationError(
                    f"The local Bedrock does not implement {operation.name}. See docs/local-bedrock.md."
                )
            return serialize(operation, self._operations[operation.name](params))
        except BedrockError as error:
            return error_response(error)
        except Exception:
            logger.exception("%s %s failed", method, path)
            return error_response(
                BedrockError("The local Bedrock failed. See the traceback in log/server.log of the cloud's folder.")
            )

    def _route(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[OperationModel, dict[str, str]]:
        if service_model(self._name).metadata["protocol"] == "json":
            return route_target(self._name, headers.get("x-amz-target", "")), {}
        return route(self._name, method, path)
