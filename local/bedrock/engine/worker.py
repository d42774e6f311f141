"""`python -m local.bedrock.engine.worker THREADS`: the inference process.

Questions come as lines on standard input, answers go as lines to standard output. What is waiting for the same
weights is answered together. The process ends when standard input does: with the server, however that ended.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Iterator

from local.bedrock.engine.messages import Answer, Question

MOST_TOGETHER = 16
GATHER_SECONDS = 0.02


def main() -> int:
    """Answer until standard input ends."""
    # Libraries print to standard output; the protocol keeps the real one to itself.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    waiting: queue.Queue[Question] = queue.Queue()
    threading.Thread(target=_receive, args=(waiting,), daemon=True).start()

    import torch

    from local.bedrock.engine.generation import generate
    from local.bedrock.engine.weights import WeightsCache

    torch.set_num_threads(int(sys.argv[1]))
    cache = WeightsCache()
    for batch in _batches(waiting):
        try:
            model, tokenizer = cache.get(batch[0].weights)
            results = generate(model, tokenizer, batch)
        except Exception as error:
            results = [Answer(id=question.id, error=f"{type(error).__name__}: {error}") for question in batch]
        for result in results:
            answers.write(result.model_dump_json() + "\n")
        answers.flush()
    return 0


def _receive(waiting: queue.Queue[Question]) -> None:
    buffered = b""
    while chunk := os.read(0, 65536):
        *lines, buffered = (buffered + chunk).split(b"\n")
        for line in lines:
            waiting.put(Question.model_validate_json(line))
    os._exit(0)


def _batches(waiting: queue.Queue[Question]) -> Iterator[list[Question]]:
    """Whatever waits for the weights of the oldest question, after a moment for its companions to arrive."""
    held: list[Question] = []
    while True:
        held = held or [waiting.get()]
        threading.Event().wait(GATHER_SECONDS)
        while not waiting.empty():
            held.append(waiting.get())
        together = [question for question in held if question.weights == held[0].weights][:MOST_TOGETHER]
        chosen = {question.id for question in together}
        held = [question for question in held if question.id not in chosen]
        yield together


if __name__ == "__main__":
    sys.exit(main())
