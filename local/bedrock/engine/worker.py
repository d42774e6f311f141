"""`python -m local.bedrock.engine.worker THREADS`: the inference process.

It reads requests as lines from standard input and writes results as lines to standard output. Generation requests for
the same weights are batched. The process ends when standard input closes, which also happens when the server is killed.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator

from local.bedrock.engine.messages import REQUEST, EmbeddingRequest, GenerationRequest, InferenceResult, Request

MAX_BATCH = 16
BATCHING_SECONDS = 0.02


def main() -> int:
    """Processes requests until standard input closes."""
    # Libraries print to standard output. So the results get a duplicate of it, and prints go to standard error.
    results_out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    waiting: queue.Queue[Request] = queue.Queue()
    threading.Thread(target=_receive, args=(waiting,), daemon=True).start()

    # Imported after standard output was redirected, and while the first requests are already being received.
    import torch

    from local.bedrock.engine.embedding import embed
    from local.bedrock.engine.generation import generate
    from local.bedrock.engine.weights_cache import WeightsCache

    if int(sys.argv[1]):
        torch.set_num_threads(int(sys.argv[1]))
    cache = WeightsCache()

    def process(batch: list[GenerationRequest] | EmbeddingRequest) -> list[InferenceResult]:
        if isinstance(batch, EmbeddingRequest):
            return [InferenceResult(id=batch.id, vectors=embed(batch.texts))]
        model, tokenizer = cache.get(batch[0].weights)
        return generate(model, tokenizer, batch)

    for batch in _batches(waiting):
        try:
            results = process(batch)
        except Exception as error:
            requests = [batch] if isinstance(batch, EmbeddingRequest) else batch
            results = [InferenceResult(id=request.id, error=f"{type(error).__name__}: {error}") for request in requests]
        results_out.writelines(result.model_dump_json() + "\n" for result in results)
        results_out.flush()
    return 0


def _receive(waiting: queue.Queue[Request]) -> None:
    buffered = b""
    while chunk := os.read(0, 65536):
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            waiting.put(REQUEST.validate_json(line))
    # Not sys.exit, which would end this thread only.
    os._exit(0)


def _batches(waiting: queue.Queue[Request]) -> Iterator[list[GenerationRequest] | EmbeddingRequest]:
    """The oldest request, batched with others for the same weights that arrive within BATCHING_SECONDS."""
    pending: list[Request] = []
    while True:
        pending = pending or [waiting.get()]
        # Requests of concurrent calls arrive within a few milliseconds. Without this wait most batches would have one.
        threading.Event().wait(BATCHING_SECONDS)
        while not waiting.empty():
            pending.append(waiting.get())
        first = pending[0]
        if isinstance(first, EmbeddingRequest):
            pending = pending[1:]
            yield first
            continue
        same_weights = [
            request
            for request in pending
            if isinstance(request, GenerationRequest) and request.weights == first.weights
        ]
        batch = same_weights[:MAX_BATCH]
        chosen = {request.id for request in batch}
        pending = [request for request in pending if request.id not in chosen]
        yield batch


if __name__ == "__main__":
    sys.exit(main())
