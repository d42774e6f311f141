"""Computes what each contestant of a run used and how fast it was, from its answers, and what it costs in service.

Nothing is assumed: a contestant whose tokens were not measured, or whose prices are not known, has no cost, and
`unknown` says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from tuner.artifacts.evaluation.contestants import BEST, Contestant, ContestantName
from tuner.artifacts.report.break_even import Line
from tuner.artifacts.report.contestants import ContestantUse, ServiceLine
from tuner.artifacts.report.evaluation import Answer, Question, ScoredAnswer
from tuner.core.text_sanitizer import is_blank
from tuner.costs.monthly.lines import MeanTokens, Service, Way, ways


@dataclass(frozen=True, slots=True)
class ContestantCosts:
    """What the contestants of a run cost: in `service`, the tuned model served as in the run (`way`).

    `others` are the prices of contestants with a model of their own.
    """

    service: Service
    way: Way
    retrieval_usd: float = 0
    others: Mapping[ContestantName, Service] = field(default_factory=dict)

    def use(self, contestant: Contestant, questions: Sequence[Question]) -> ContestantUse:
        """What the contestant used for these questions, and what it costs at the measured tokens."""
        first = [answer for question in questions if (answer := question.of(contestant.name))]
        answers: list[Answer | ScoredAnswer] = [*first, *(each for answer in first for each in answer.further)]
        given = [answer for answer in answers if not is_blank(answer.answer or "")]
        latencies = sorted(answer.latency_ms for answer in given if answer.latency_ms is not None)
        tokens = measured_tokens(answers)
        line = self.line(contestant, tokens, self.way)
        return ContestantUse(
            name=contestant.name,
            title=contestant.title,
            model=contestant.model_name or contestant.model,
            answers=len(given),
            failed=len(answers) - len(given),
            input_tokens=tokens.read if tokens else None,
            output_tokens=tokens.written if tokens else None,
            latency_ms_median=median(latencies) if latencies else None,
            latency_ms_p95=_percentile(latencies, 0.95) if latencies else None,
            served=line.name,
            usd_per_1000_answers=None if line.request_usd is None else 1000 * line.request_usd,
            idle_usd_per_month=line.fixed_usd,
            unknown=line.unknown,
        )

    def lines(self, contestant: Contestant, use: ContestantUse, on_demand: bool) -> tuple[ServiceLine, ...]:
        """What a month costs in every way to serve the contestant. `on_demand`: whether tuned models can be so."""
        read, written = use.input_tokens, use.output_tokens
        tokens = None if read is None or written is None else MeanTokens(read, written)
        possible = ways(on_demand) if contestant.asks_tuned else (self.way,)
        found = (self.line(contestant, tokens, way) for way in possible)
        return tuple(ServiceLine(contestant=use.name, title=use.title, **line.model_dump()) for line in found)

    def line(self, contestant: Contestant, tokens: MeanTokens | None, way: Way) -> Line:
        """What a month costs with the contestant. `way` is how a tuned model is served."""
        fixed = self.retrieval_usd if contestant.context == "passages" else 0.0
        if contestant.asks_tuned:
            return self.service.tuned(way, tokens, fixed)
        if contestant.asks_base:
            return self.service.by_token("by the token", tokens, fixed)
        if contestant.kind == BEST:
            # Possibly of another base model and served in another way, whose prices this run never asked for.
            return Line(name="as in its run", fixed_usd=None, request_usd=None, unknown=("the earlier run's model",))
        return self.others.get(contestant.name, Service((), 0, 0)).by_token("by the token", tokens, fixed)


def measured_tokens(answers: Iterable[Answer | ScoredAnswer]) -> MeanTokens | None:
    """The mean tokens of the requests whose tokens are known, also of those that gave no answer. None without one."""
    # No request has zero input tokens: a zero was not measured.
    known = [
        (answer.input_tokens, answer.output_tokens)
        for answer in answers
        if answer.input_tokens and answer.output_tokens is not None
    ]
    return MeanTokens(fmean(read for read, _ in known), fmean(written for _, written in known)) if known else None


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed (nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1]
