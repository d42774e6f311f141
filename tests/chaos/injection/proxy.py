"""The proxy between the functions and the local cloud: microburst, with a journal of all calls.

`python -m tests.chaos.injection.proxy UPSTREAM PORT FOLDER` starts it. It differs from microburst in these points:

- It distinguishes Bedrock's two services.
- It forwards host and path exactly as they were signed, because the local cloud checks signatures.
- Responses keep their Content-Length, which S3 clients need.
- `abort_bytes: 0` also cuts a response that has no body.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from microburst import forward
from microburst.app import make_app
from microburst.core.pipeline import Microburst
from microburst.detection import host
from microburst.detection.rest import match_rest_operation, rest_operations
from yarl import URL

from tests.chaos.injection.plan import Journal

# Loading the model of a service takes longer than the read timeout of the functions on a busy machine.
_PRELOADED = ("s3", "bedrock", "bedrock-runtime", "stepfunctions", "scheduler", "sns", "events", "service-quotas")


def main(upstream: str, port: int, folder: Path) -> None:
    """Serve until the process is ended."""
    for service in _PRELOADED:
        rest_operations(service)
    # microburst finds a service by the host name. The upstream is an IP address, so this would load the models of all
    # services for nothing, which takes seconds and 300 MB.
    host._endpoint_prefix_map = dict
    forward._stream_to_client = _with_content_length(forward._stream_to_client)
    aiohttp.ClientSession.request = _with_the_signed_path(aiohttp.ClientSession.request)  # type: ignore[method-assign]
    proxy = Microburst(upstream)
    proxy.upstream._outbound_headers = _with_the_signed_host(proxy.upstream._outbound_headers)
    decide, journal = proxy.engine.decide, Journal(folder, "calls")

    # Types of microburst's call and decision are not public.
    def recorded(call: Any) -> Any:
        _detect_bedrock_runtime(call)
        decision = decide(call)
        journal.write(
            "call",
            service=call.service,
            operation=call.operation,
            path=call.path,
            trace=call.headers.get("X-Amzn-Trace-Id", "").partition(";")[0],
            fault=decision is not None,
        )
        return decision

    proxy.engine.decide = recorded
    web.run_app(make_app(proxy), host="127.0.0.1", port=port, print=None)


def _detect_bedrock_runtime(call: Any) -> None:
    """Both services of Bedrock sign as `bedrock`. An operation that the control plane lacks is one of the runtime."""
    if call.service == "bedrock" and call.operation is None:
        call.service = "bedrock-runtime"
        call.operation = match_rest_operation(call.service, call.method, call.path, call.query, call.headers, call.body)


def _with_the_signed_host(original: Any) -> Any:
    return lambda request: {**original(request), "Host": request.headers["Host"]}


def _with_the_signed_path(original: Any) -> Any:
    """Without this, aiohttp decodes the `%3A` of an ARN to a colon, and the signature no longer matches."""
    return lambda session, method, url, **rest: original(session, method, URL(url, encoded=True), **rest)


def _with_content_length(original: Any) -> Any:
    """Keep the Content-Length of responses. A cut at byte 0 aborts before the first byte of the response."""

    async def stream(request: web.Request, status: int, headers: Any, mutator: Any, chunks: Any) -> web.StreamResponse:
        if mutator is not None and mutator.abort_bytes == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        kept = mutator or forward.ResponseFault()
        if length := headers.get("Content-Length"):
            kept.set_headers = {"Content-Length": length, **kept.set_headers}
        response: web.StreamResponse = await original(request, status, headers, kept, chunks)
        return response

    return stream


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
