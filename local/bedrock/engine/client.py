"""The client of the inference process. It starts the process with the first request, and again if the process died."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

from local.bedrock.engine.messages import (
    EmbeddingRequest,
    GenerationRequest,
    InferenceResult,
    Request,
    Sampling,
    Weights,
)
from local.bedrock.errors import ModelError, ThrottlingError, ValidationError
from local.folder import CHECKOUT
from local.trainer.libraries import environment_for_libraries
from local.trainer.spec import Conversation

WORKER = (sys.executable, "-W", "ignore", "-m", "local.bedrock.engine.worker")


class InferenceClient:
    """Sends requests to the inference process. Thread-safe."""

    def __init__(self, log: Path, command: Sequence[str] = WORKER) -> None:
        self._log = log
        self._command = command
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._sampled = Counter[bytes]()
        self._waiting: dict[int, Future[InferenceResult]] = {}
        # Requests whose caller gave up waiting, by their content. A repeated request gets the result of the first one.
        self._late: dict[str, Future[InferenceResult]] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def ask(
        self, weights: Weights, conversation: Conversation, sampling: Sampling, threads: int, timeout: float
    ) -> InferenceResult:
        """The network's continuation of a conversation.

        Raises:
            ModelError: the process failed or died.
            ThrottlingError: there was no result within `timeout` seconds.
            ValidationError: the conversation is longer than the network's context.
        """
        number, sampling = next(self._numbers), self._seeded(weights, conversation, sampling)
        request = GenerationRequest(id=number, weights=weights, conversation=conversation, sampling=sampling)
        result = self._request(request, threads, timeout)
        if result.too_long:
            raise ValidationError("Input is too long for requested model.")
        return result

    def _seeded(self, weights: Weights, conversation: Conversation, sampling: Sampling) -> Sampling:
        """The sampling with another seed for each repetition of a request, so that answers differ, as on AWS.

        It stays as it is without a temperature. After a restart of the server, the repetitions give the same answers.
        """
        if not sampling.temperature:
            return sampling
        asked = "\n".join(part.model_dump_json() for part in (weights, conversation, sampling))
        digest = hashlib.sha256(asked.encode()).digest()
        with self._lock:
            before = self._sampled[digest]
            self._sampled[digest] += 1
        return sampling.model_copy(update={"seed": sampling.seed + before})

    def embed(self, texts: Sequence[str], threads: int, timeout: float) -> list[list[float]]:
        """Sentence embeddings of length 1.

        Raises:
            ModelError: the process failed or died.
            ThrottlingError: there was no result within `timeout` seconds.
        """
        return self._request(EmbeddingRequest(id=next(self._numbers), texts=tuple(texts)), threads, timeout).vectors

    def _request(self, request: Request, threads: int, timeout: float) -> InferenceResult:
        content = request.model_dump_json(exclude={"id"})
        with self._lock:
            future = self._late.pop(content, None) or self._sent(request, threads)
        try:
            result = future.result(timeout)
        except FutureTimeoutError as error:
            with self._lock:
                self._late[content] = future
            # A throttled call is not billed and is repeated. A slow machine would else use up what a run may spend.
            raise ThrottlingError(f"The model did not answer within {timeout:g} seconds on this machine.") from error
        if result.error:
            raise ModelError(f"The model failed: {result.error}")
        return result

    def _sent(self, request: Request, threads: int) -> Future[InferenceResult]:
        """The result of a request that is sent now. The lock is held, so that lines of requests are not mixed."""
        process = self._running_process(threads)
        future = self._waiting[request.id] = Future()
        try:
            process.stdin.write(request.model_dump_json().encode() + b"\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            del self._waiting[request.id]
            raise ModelError(f"The inference process ended. See {self._log}.") from error
        return future

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            if self._process and self._process.stdin:
                # The process ends when its standard input closes.
                self._process.stdin.close()
                self._process.wait()
            self._process = None

    def _running_process(self, threads: int) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - the command above
                    [*self._command, str(threads)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=CHECKOUT,
                    env=environment_for_libraries(os.environ),
                )
            threading.Thread(target=self._receive, args=(self._process,), daemon=True).start()
        return self._process

    def _receive(self, process: subprocess.Popen[bytes]) -> None:
        for line in process.stdout or ():
            result = InferenceResult.model_validate_json(line)
            self._waiting.pop(result.id).set_result(result)
        # The output has ended, so the process has died. Nobody else answers the waiting requests.
        process.wait()
        ended = InferenceResult(id=0, error=f"the inference process ended with exit status {process.returncode}")
        with self._lock:
            while self._waiting:
                self._waiting.popitem()[1].set_result(ended)
