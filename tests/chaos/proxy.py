"""The proxy between the functions and the local cloud: microburst, with a journal of all calls.

`python -m tests.chaos.proxy UPSTREAM PORT FOLDER`. What differs from microburst: Bedrock's two services are told apart;
the local cloud checks signatures, so host and path are sent on as they were signed; answers keep their length, which
S3's clients read; and `abort_bytes: 0` also cuts before an answer that has no body.
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

from tests.chaos.plan import Journal

# Loading the models of a service takes longer than the functions of a busy lane wait for an answer.
_LOADED_FIRST = ("s3", "bedrock", "bedrock-runtime", "stepfunctions", "scheduler", "sns", "events", "service-quotas")


def main(upstream: str, port: int, folder: Path) -> None:
    """Serves until the process is ended."""
    for service in _LOADED_FIRST:
        rest_operations(service)
    # The upstream is an IP, which names no service: reading the names of all there are takes seconds and 300 MB.
    host._endpoint_prefix_map = dict
    forward._stream_to_client = _faithful(forward._stream_to_client)
    aiohttp.ClientSession.request = _with_the_signed_path(aiohttp.ClientSession.request)
    proxy = Microburst(upstream)
    proxy.upstream._outbound_headers = _with_the_signed_host(proxy.upstream._outbound_headers)
    decide, journal = proxy.engine.decide, Journal(folder, "calls")

    def recorded(call: Any) -> Any:
        _tell_bedrock_runtime(call)
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


def _tell_bedrock_runtime(call: Any) -> None:
    """Both of Bedrock's services are signed for as `bedrock`: what the control plane does not know is the runtime's."""
    if call.service == "bedrock" and call.operation is None:
        call.service = "bedrock-runtime"
        call.operation = match_rest_operation(call.service, call.method, call.path, call.query, call.headers, call.body)


def _with_the_signed_host(original: Any) -> Any:
    return lambda request: {**original(request), "Host": request.headers["Host"]}


def _with_the_signed_path(original: Any) -> Any:
    """Without it the `%3A` of an ARN becomes a colon."""
    return lambda session, method, url, **rest: original(session, method, URL(url, encoded=True), **rest)


def _faithful(original: Any) -> Any:
    """Answers keep their length, which S3's clients read; a cut at 0 comes before the answer's first byte."""

    async def stream(request: web.Request, status: int, headers: Any, mutator: Any, chunks: Any) -> web.StreamResponse:
        if mutator is not None and mutator.abort_bytes == 0 and request.transport is not None:
            request.transport.abort()
            return web.Response()
        kept = mutator or forward.ResponseFault()
        if length := headers.get("Content-Length"):
            kept.set_headers = {"Content-Length": length, **kept.set_headers}
        return await original(request, status, headers, kept, chunks)

    return stream


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
