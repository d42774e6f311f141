"""How much the judge is asked, and whether its quotas let it answer in time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tuner.core.errors import QuotaError
from tuner.costs.cost_inputs import Counted, Plan
from tuner.preflight import Preflight

# The judge's instructions, beside the question, the reference and the answer.
_INSTRUCTION_TOKENS = 500
_SHARDS_AT_ONCE = 4
# A shard's function is asked again eight times, and grades for twelve minutes each time.
_LONGEST_SHARD_MINUTES = 9 * 12.0
_WORTH_SAYING_MINUTES = 15.0


@dataclass(frozen=True, slots=True)
class Judging:
    """The verdicts of a run, with the most tokens that they read and write."""

    verdicts: int
    read: int
    written: int

    @classmethod
    def of(cls, plan: Plan, counted: Counted) -> Judging:
        """Each answer is graded once; two answers are compared in both orders, and both are read each time."""
        settings, questions = plan.settings, counted.questions
        answers = questions.count * settings.inference.max_tokens
        per_model = (
            questions.question_tokens + questions.reference_tokens + answers + questions.count * _INSTRUCTION_TOKENS
        )
        metrics = settings.evaluation.metrics if settings.serving != "none" else ()
        grades, comparisons = (2 * (name in metrics) for name in ("correctness", "preference"))
        verdicts = (grades + comparisons) * questions.count
        read = (grades + comparisons) * per_model + comparisons * answers
        return cls(verdicts, read, verdicts * (settings.judge.max_tokens + plan.judge.reasoning_tokens))


def check_time(account: Preflight, judging: Judging, shards: int) -> Iterator[str]:
    """A warning when the judge's quotas make the scoring slow. Raises QuotaError when it can never end.

    Bedrock counts a request's tokens as what it reads and the most that it may write.
    """
    rates = [
        (rate, wanted, what)
        for rate, wanted, what in (
            (account.judge_requests_per_minute, judging.verdicts, "requests"),
            (account.judge_tokens_per_minute, judging.read + judging.written, "tokens"),
        )
        if rate is not None and wanted
    ]
    if not rates:
        return
    rate, wanted, what = max(rates, key=lambda each: each[1] / each[0] if each[0] else math.inf)
    minutes = wanted / rate if rate else math.inf
    limit = f"The account may ask the judge for {rate:,.0f} {what} a minute"
    remedy = "In Service Quotas, service Amazon Bedrock, ask AWS to raise it, or set another judge or fewer questions."
    if minutes * min(shards, _SHARDS_AT_ONCE) / shards > _LONGEST_SHARD_MINUTES:
        raise QuotaError(f"{limit}, and the run needs up to {wanted:,}: the scoring would not end. {remedy}")
    if minutes > _WORTH_SAYING_MINUTES:
        yield f"{limit}: the {judging.verdicts:,} verdicts take up to {minutes:,.0f} minutes. {remedy}"
