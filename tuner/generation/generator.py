"""Generates question-answer pairs in rounds of requests, until there are as many as asked for.

The requests depend only on the chunks, the count and the earlier replies, and all replies are cached. An interrupted
generation that starts again therefore repeats the same requests from the cache, and continues where it stopped.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tuner.artifacts.generated import GeneratedPair
from tuner.aws.bedrock.tool_call import ToolReply
from tuner.core.errors import AwsError, SpendingLimitError, TunerError
from tuner.datasets.records.rules import RecordLimits
from tuner.generation.chunks import Chunk
from tuner.generation.dedup import Deduplicator
from tuner.generation.pair_validation import DroppedPair, pairs_in, validate_pairs
from tuner.generation.requests import MAX_PAIRS_PER_REQUEST, GeneratorModel, PairRequest

CONCURRENCY = 4
# After this many requests in a row without a usable pair, a chunk is skipped.
_MAX_MISSES = 2
# The golden ratio's fraction: shifting each round by it spreads the rounds' starting points evenly over the chunks.
_GOLDEN_RATIO = 0.618033988749895


@dataclass(slots=True)
class GenerationResult:
    """The pairs so far and what they took. `dropped` counts rejected pairs by reason.

    `calls` counts all requests, `uncached_calls` those that were not in the cache. `stand_in` names the local model
    that answered in place of the real one; empty on AWS.
    """

    pairs: list[GeneratedPair] = field(default_factory=list)
    calls: int = 0
    uncached_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    stand_in: str = ""
    dropped: Counter[str] = field(default_factory=Counter)
    refusals: list[TunerError] = field(default_factory=list)
    done: bool = False


def max_requests(chunks: int, count: int) -> int:
    """The most requests for `count` pairs from `chunks` chunks: twice those of the first round, and 4 more."""
    return 2 * max(min(count, chunks), -(-count // MAX_PAIRS_PER_REQUEST)) + 4


class PairGenerator:
    """Generates `count` pairs from `chunks`. Pairs keep to `limits` and repeat nothing in `dedup`.

    `is_elsewhere` says whether a passage is also in a part of the documents that another set is made from.
    """

    def __init__(
        self,
        chunks: Sequence[Chunk],
        count: int,
        model: GeneratorModel,
        limits: RecordLimits,
        dedup: Deduplicator,
        is_elsewhere: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._chunks = chunks
        self._count = count
        self._model = model
        self._limits = limits
        self._dedup = dedup
        self._is_elsewhere = is_elsewhere
        # Per chunk: questions asked before, problems of the last reply, requests in a row without a usable pair.
        self._asked: list[list[str]] = [[] for _ in chunks]
        self._problems: list[list[str]] = [[] for _ in chunks]
        self._misses = [0] * len(chunks)
        self.result = GenerationResult()

    def run(self, may_continue: Callable[[], bool] = lambda: True) -> GenerationResult:
        """Sends requests until there are enough pairs, no chunk is left, or `may_continue` returns False.

        `may_continue` is asked only after a request that was not in the cache, so that every call makes progress.
        Raises the errors of a request, except an AwsError that concerns one chunk only, and a request that would
        cost more than was approved. Replies stay in the cache.
        """
        result = self.result
        for number in itertools.count():
            planned = self._plan_round(number)
            if not planned:
                break
            for start in range(0, len(planned), CONCURRENCY):
                allowed = max_requests(len(self._chunks), self._count) - result.calls
                if result.uncached_calls and not may_continue():
                    return result
                self._send(planned[start : start + CONCURRENCY][:allowed])
        if not result.pairs and result.refusals:
            raise result.refusals[0]
        result.done = True
        return result

    def _plan_round(self, number: int) -> list[tuple[int, int]]:
        """The chunks of a round, each with a number of pairs: in proportion to length, over all documents.

        The missing pairs are placed at equal distances along the concatenated text; a chunk gets those that fall on it.
        """
        missing = self._count - len(self.result.pairs)
        open_chunks = [index for index, misses in enumerate(self._misses) if misses < _MAX_MISSES]
        spent = self.result.calls >= max_requests(len(self._chunks), self._count)
        if missing <= 0 or not open_chunks or spent:
            return []
        ends = list(itertools.accumulate(len(self._chunks[index].text) for index in open_chunks))
        shift = (0.5 + number * _GOLDEN_RATIO) % 1
        points = ((position + shift) / missing * ends[-1] for position in range(missing))
        counts = Counter(open_chunks[min(bisect.bisect_right(ends, point), len(ends) - 1)] for point in points)
        return [(index, min(pairs, MAX_PAIRS_PER_REQUEST)) for index, pairs in sorted(counts.items())]

    def _send(self, planned: Sequence[tuple[int, int]]) -> None:
        requests = [
            PairRequest(self._chunks[index], pairs, tuple(self._asked[index]), tuple(self._problems[index]))
            for index, pairs in planned
        ]
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            replies = list(pool.map(self._reply, requests))
        # In the order of the plan, not of arrival: the next requests must not depend on timing.
        for (index, pairs), reply in zip(planned, replies, strict=True):
            self._take(index, pairs, reply)

    def _reply(self, request: PairRequest) -> tuple[ToolReply, bool] | TunerError:
        try:
            return self._model.reply(request)
        except (AwsError, SpendingLimitError) as error:
            return error

    def _take(self, index: int, pairs: int, answered: tuple[ToolReply, bool] | TunerError) -> None:
        """Counts the reply to a request about a chunk for `pairs` pairs, and keeps its valid pairs.

        A chunk is closed when its request failed, or when the model finds nothing more to ask.
        """
        result = self.result
        result.calls += 1
        if isinstance(answered, TunerError):
            result.refusals.append(answered)
            self._misses[index] = _MAX_MISSES
            return
        reply, cached = answered
        result.uncached_calls += not cached
        result.input_tokens += reply.input_tokens
        result.output_tokens += reply.output_tokens
        result.stand_in = result.stand_in or reply.stand_in
        entries = pairs_in(reply.arguments)
        if entries is None:
            self._problems[index] = [f"the tool was not called with a list of pairs ({reply.stop_reason})."]
            self._misses[index] += 1
        elif entries:
            # Entries beyond the requested number are ignored: a document's text must not raise its share.
            chunk = self._chunks[index]
            found = validate_pairs(entries[:pairs], chunk, self._limits, self._dedup, self._is_elsewhere)
            self._keep(index, list(found))
        else:
            self._misses[index] = _MAX_MISSES  # an empty list: the model finds nothing more to ask

    def _keep(self, index: int, found: Sequence[GeneratedPair | DroppedPair]) -> None:
        accepted = [entry for entry in found if isinstance(entry, GeneratedPair)]
        dropped = [entry for entry in found if isinstance(entry, DroppedPair)]
        self.result.pairs += accepted
        self.result.dropped.update(entry.problem for entry in dropped)
        self._asked[index] += [entry.question for entry in accepted]
        self._asked[index] += [entry.repeats for entry in dropped if entry.repeats]
        self._problems[index] = [entry.problem for entry in dropped]
        self._misses[index] = 0 if accepted else self._misses[index] + 1
