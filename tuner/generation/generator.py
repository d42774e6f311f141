"""Rounds of requests until there are as many pairs as asked for: spread over the documents, bounded, repeatable.

What is asked depends only on the parts, the count and the replies so far. Replies are remembered, so a generation
that was interrupted goes the same way again without asking, and goes on where it stopped.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tuner.aws.bedrock.tool_call import ToolReply
from tuner.core.errors import AwsError
from tuner.datasets.records.rules import Limits
from tuner.generation.chunks import Part
from tuner.generation.dedup import Known
from tuner.generation.pairs import Dropped, Origin, kept, written
from tuner.generation.requests import MOST_PAIRS, Generator, Plan

AT_ONCE = 4
_MISSES = 2  # requests in a row without a pair that can be used: the part has no more
_GOLDEN = 0.618033988749895  # shifts each round's points, so that no two rounds meet the same parts first


@dataclass(slots=True)
class Generated:
    """What was made so far, and what was used for it. `dropped` counts pairs that could not be used, by why."""

    pairs: list[Origin] = field(default_factory=list)
    calls: int = 0
    paid_now: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    stand_in: str = ""
    dropped: Counter[str] = field(default_factory=Counter)
    refusals: list[AwsError] = field(default_factory=list)
    done: bool = False


def most_calls(parts: int, count: int) -> int:
    """The most requests for `count` pairs from `parts` parts: twice what the first round takes, and a few."""
    return 2 * max(min(count, parts), -(-count // MOST_PAIRS)) + 4


class Generation:
    """`count` pairs from `parts`; `known` are those that must not be repeated, `limits` the rules they keep to."""

    def __init__(self, parts: Sequence[Part], count: int, generator: Generator, limits: Limits, known: Known) -> None:
        self._parts = parts
        self._count = count
        self._generator = generator
        self._limits = limits
        self._known = known
        self._earlier: list[list[str]] = [[] for _ in parts]
        self._problems: list[list[str]] = [[] for _ in parts]
        self._misses = [0] * len(parts)
        self.made = Generated()

    def run(self, may_go_on: Callable[[], bool] = lambda: True) -> Generated:
        """Asks until there are enough pairs, or no more are to be had, or `may_go_on` says no after a request.

        Raises what a request raises, but for an AwsError that concerns one part only. What was replied is kept.
        """
        made = self.made
        for number in itertools.count():
            asked = self._spread(number)
            if not asked:
                break
            for wave in _waves(asked, AT_ONCE):
                room = most_calls(len(self._parts), self._count) - made.calls
                if made.paid_now and not may_go_on():
                    return made
                self._ask(wave[:room])
        if not made.pairs and made.refusals:
            raise made.refusals[0]
        made.done = True
        return made

    def _spread(self, number: int) -> list[tuple[int, int]]:
        """Which parts are asked in this round, each with how many pairs: by their length, over all documents."""
        missing = self._count - len(self.made.pairs)
        open_parts = [index for index, misses in enumerate(self._misses) if misses < _MISSES]
        if missing <= 0 or not open_parts or self.made.calls >= most_calls(len(self._parts), self._count):
            return []
        lengths = list(itertools.accumulate(len(self._parts[index].text) for index in open_parts))
        shift = (0.5 + number * _GOLDEN) % 1
        points = ((place + shift) / missing * lengths[-1] for place in range(missing))
        counted = Counter(open_parts[min(bisect.bisect_right(lengths, point), len(lengths) - 1)] for point in points)
        return [(index, min(pairs, MOST_PAIRS)) for index, pairs in sorted(counted.items())]

    def _ask(self, wave: Sequence[tuple[int, int]]) -> None:
        plans = [
            Plan(self._parts[index], pairs, tuple(self._earlier[index]), tuple(self._problems[index]))
            for index, pairs in wave
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(pool.map(self._reply, plans))
        for (index, pairs), reply in zip(wave, replies, strict=True):
            self._take(index, pairs, reply)

    def _reply(self, plan: Plan) -> tuple[ToolReply, bool] | AwsError:
        try:
            return self._generator.reply(plan)
        except AwsError as error:
            return error

    def _take(self, index: int, pairs: int, answered: tuple[ToolReply, bool] | AwsError) -> None:
        made = self.made
        made.calls += 1
        if isinstance(answered, AwsError):
            made.refusals.append(answered)
            self._misses[index] = _MISSES
            return
        reply, remembered = answered
        made.paid_now += not remembered
        made.input_tokens += reply.input_tokens
        made.output_tokens += reply.output_tokens
        made.stand_in = made.stand_in or reply.stand_in
        entries = written(reply.arguments)
        if entries is None:
            self._problems[index] = [f"the tool was not called with a list of pairs ({reply.stop_reason})."]
            self._misses[index] += 1
        elif entries:
            # No more than was asked for: neither the count nor another document's share is the reply's to decide.
            self._keep(index, list(kept(entries[:pairs], self._parts[index], self._limits, self._known)))
        else:
            self._misses[index] = _MISSES  # the model says that there is no more

    def _keep(self, index: int, found: Sequence[Origin | Dropped]) -> None:
        accepted = [entry for entry in found if isinstance(entry, Origin)]
        dropped = [entry for entry in found if isinstance(entry, Dropped)]
        self.made.pairs += accepted
        self.made.dropped.update(entry.problem for entry in dropped)
        self._earlier[index] += [entry.question for entry in accepted]
        self._earlier[index] += [entry.repeats for entry in dropped if entry.repeats]
        self._problems[index] = [entry.problem for entry in dropped]
        self._misses[index] = 0 if accepted else self._misses[index] + 1


def _waves(asked: Sequence[tuple[int, int]], size: int) -> list[Sequence[tuple[int, int]]]:
    return [asked[start : start + size] for start in range(0, len(asked), size)]
