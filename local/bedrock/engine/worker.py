"""`python -m local.bedrock.engine.worker THREADS`: the inference process.

Requests come as lines on standard input, answers go as lines to standard output. Questions that wait for the same
weights are answered together. The process ends when standard input does: with the server, however that ended.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator

from local.bedrock.engine.messages import REQUEST, Answer, Question, Texts

MOST_TOGETHER = 16
GATHER_SECONDS = 0.02


def main() -> int:
    """Answer until standard input ends."""
    # Libraries print to standard output; the protocol keeps the real one to itself.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    waiting: queue.Queue[Question | Texts] = queue.Queue()
    threading.Thread(target=_receive, args=(waiting,), daemon=True).start()

    import torch

    from local.bedrock.engine.embedding import embed
    from local.bedrock.engine.generation import generate
    from local.bedrock.engine.weights import WeightsCache

    if int(sys.argv[1]):
        torch.set_num_threads(int(sys.argv[1]))
    cache = WeightsCache()

    def answer(batch: list[Question] | Texts) -> list[Answer]:
        if isinstance(batch, Texts):
            return [Answer(id=batch.id, vectors=embed(batch.texts))]
        model, tokenizer = cache.get(batch[0].weights)
        return generate(model, tokenizer, batch)

    for batch in _batches(waiting):
        try:
            results = answer(batch)
        except Exception as error:
            requests = [batch] if isinstance(batch, Texts) else batch
            results = [Answer(id=request.id, error=f"{type(error).__name__}: {error}") for request in requests]
        answers.writelines(result.model_dump_json() + "\n" for result in results)
        answers.flush()
    return 0


def _receive(waiting: queue.Queue[Question | Texts]) -> None:
    buffered = b""
    while chunk := os.read(0, 65536):
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            waiting.put(REQUEST.validate_json(line))
    os._exit(0)


def _batches(waiting: queue.Queue[Question | Texts]) -> Iterator[list[Question] | Texts]:
    """The oldest request with what else waits for its weights, after a moment for its companions to arrive."""
    held: list[Question | Texts] = []
    while True:
        held = held or [waiting.get()]
        threading.Event().wait(GATHER_SECONDS)
        while not waiting.empty():
            held.append(waiting.get())
        first = held[0]
        if isinstance(first, Texts):
            held = held[1:]
            yield first
            continue
        together = [one for one in held if isinstance(one, Question) and one.weights == first.weights][:MOST_TOGETHER]
        chosen = {question.id for question in together}
        held = [request for request in held if request.id not in chosen]
        yield together


if __name__ == "__main__":
    sys.exit(main())
