"""Runs functions as Lambda does: by its own runtime interface client, with nothing but the package on Python's path.

`python runtime.py` reads `Work` as JSON and writes a list of `Outcome`. It is a program of its own, because it opens
sockets, which unit tests may not. It has a Runtime API with one event for each function, and an AWS that refuses all
calls.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil

_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Function:
    """What Lambda is told of a function; `path` are the folders of its code and layers."""

    name: str
    handler: str
    memory: int
    environment: dict[str, str]
    path: list[str]
    event: Any


@dataclass(frozen=True)
class Work:
    """The functions to run, Lambda's Python, and the folders of the runtime interface client and of compiled code."""

    python: str
    client: str
    compiled: str
    functions: list[Function]


@dataclass
class Outcome:
    """What came of the first event. `cold_seconds` is processor time until the function asked for it. The first
    functions compile the package, as every function does on Lambda; the others find it compiled."""

    name: str
    started: bool = False
    cold_seconds: float = 0.0
    error: str = ""
    message: str = ""
    result: Any = None
    stderr: str = ""


@dataclass
class RuntimeApi:
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html for one function and one event."""

    function: Function
    outcome: Outcome
    process: psutil.Process | None = None
    answered: threading.Event = field(default_factory=threading.Event)

    def next(self) -> bytes:
        if self.outcome.started:
            time.sleep(_PATIENCE_SECONDS)  # there is no second event: the process is ended meanwhile
        self.outcome.started = True
        if self.process:
            used = self.process.cpu_times()
            self.outcome.cold_seconds = used.user + used.system
        return json.dumps(self.function.event).encode()

    def answer(self, path: str, body: bytes) -> None:
        document = json.loads(body or b"null")
        if path.endswith("/error"):
            self.outcome.error, self.outcome.message = document["errorType"], document["errorMessage"]
        else:
            self.outcome.result = document
        self.answered.set()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """The requests are no news."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def _runtime_of(api: RuntimeApi) -> type[_Quiet]:
    class Handler(_Quiet):
        def do_GET(self) -> None:
            headers = {
                "Lambda_Runtime_Aws_Request_Id": "first",
                "Lambda_Runtime_Deadline_Ms": str(int((time.time() + 900) * 1000)),
                "Lambda_Runtime_Invoked_Function_Arn": f"arn:aws:lambda:us-east-1:1:function:{api.function.name}",
                "Lambda_Runtime_Trace_Id": "Root=1-5e1b4151-5ac6c58f3375aa3c7c6b73c9;Parent=53995c3f42cd8ad8;Sampled=0",
                "Content_Type": "application/json",
            }
            self.reply(200, api.next(), **headers)

        def do_POST(self) -> None:
            api.answer(self.path, self.body())
            self.reply(202, b"{}")

    return Handler


class _Refusing(_Quiet):
    """An AWS where nobody may do anything."""

    def do_GET(self) -> None:
        self.body()
        signed = self.headers.get("Authorization", "")
        if "/s3/aws4_request" in signed:
            self.reply(403, b"<Error><Code>AccessDenied</Code><Message>refused</Message></Error>")
        elif "/sns/aws4_request" in signed:
            self.reply(403, b"<ErrorResponse><Error><Code>AuthorizationError</Code></Error></ErrorResponse>")
        else:
            self.reply(400, b'{"__type": "AccessDeniedException"}', x_amzn_ErrorType="AccessDeniedException")

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is ended leaves its connections open."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _serve(handler: type[_Quiet]) -> _Server:
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(work: Work, function: Function, aws: str) -> Outcome:
    """Starts the function cold, gives it its event, and ends it."""
    api = RuntimeApi(function, Outcome(function.name))
    server = _serve(_runtime_of(api))
    address = f"127.0.0.1:{server.server_port}"
    command = [work.python, "-S", "-m", "awslambdaric", function.handler]
    environment = _environment(work, function, address, aws)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        api.process = psutil.Process(process.pid)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not api.answered.wait(0.05) and process.poll() is None and time.monotonic() < deadline:
            continue
        process.kill()
        api.outcome.stderr = process.communicate()[1].decode("utf-8", "replace")[-2000:]
    server.shutdown()
    return api.outcome


def _environment(work: Work, function: Function, runtime_api: str, aws: str) -> dict[str, str]:
    """Lambda's own variables, the function's, and nothing of this process's."""
    return {
        "PYTHONPATH": ":".join([*function.path, work.client]),
        "PYTHONPYCACHEPREFIX": work.compiled,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": function.path[-1],
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "_HANDLER": function.handler,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_ENDPOINT_URL": aws,
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:9",
    } | function.environment


def main() -> None:
    """Runs the functions two at a time."""
    document = json.load(sys.stdin)
    aws = _serve(_Refusing)
    address = f"http://127.0.0.1:{aws.server_port}"
    functions = [Function(**each) for each in document.pop("functions")]
    work = Work(**document, functions=functions)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda function: run(work, function, address), work.functions))
    sys.stdout.write(json.dumps([asdict(outcome) for outcome in outcomes]))


if __name__ == "__main__":
    main()
