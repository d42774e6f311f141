"""Estimates how much judge and own scorer are used, and checks that the judge's quotas let the scoring finish."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tuner import catalog
from tuner.artifacts.preflight import Preflight
from tuner.core.errors import DatasetError, QuotaError
from tuner.costs.cost_inputs import CostInputs, Plan

# The judge's instructions, in addition to the question, the reference and the answer.
_INSTRUCTION_TOKENS = 500
# Bytes of a request beside the texts: the longer instructions, the tool's schema with what the model's vendor adds for
# tools, the tags around the texts, the sentence about an unusable reply. A test compares it with the longest request.
MOST_INSTRUCTION_TOKENS = 5_000
# The largest test request of the preflight: its texts, its tool and what vendors add; and the longest reply, without
# reasoning. A test compares them with the request.
MOST_TEST_TOKENS = 2_000
TEST_REPLY_TOKENS = 64
# The requests by which the preflight counts the tokens of one base model, if the candidates have several.
TOKEN_TESTS = 3
# How often the state machine can run the preflight: once, and once for each retry after an error that a running
# function can end with. A test compares it with the retry policy.
MOST_PREFLIGHTS = 17
# A scorer that does not answer in time is asked once more.
MOST_SCORER_TESTS = 2 * MOST_PREFLIGHTS
# Calls of a scorer for the same answers, in one invocation of the scoring function.
SCORER_ATTEMPTS = 3
# How often a request is repeated because its reply was lost, on average over a shard. AWS may have billed such a reply.
_LOST_REPLIES = 1
_CONCURRENT_SHARDS = 4
# Answers of all contestants, counted once for each judge, that the scores of a run are made of. Measured without judge:
# 26,000 answers of 900 bytes take 200 MB more than 4,000 do, so 9 KB each. Longer answers and the judges' reasons come
# on top, some KB each. The function has 1,024 MB (stacks/function_table.py), of which 215 are used without an answer.
MOST_ANSWERS = 40_000
# The state machine invokes the function of a shard up to nine times, and each invocation grades for twelve minutes.
_MAXIMUM_SHARD_MINUTES = 9 * 12.0
_WARNING_MINUTES = 15.0


@dataclass(frozen=True, slots=True)
class JudgeUsage:
    """One judge's requests in a run, and their input and output tokens.

    Expected: one request per grade, with answers and grades at their maximum length. At most: every request is repeated
    as often as `judge.attempts` allows, and once more for a reply that was lost, and every byte of its text is a token.

    `batched`: a batch job asks first, and these are the calls for what it did not answer. None is expected. The job was
    one of the attempts that `most` counts, so the calls are at most one attempt less.
    """

    requests: int
    input_tokens: int
    output_tokens: int
    most_input_tokens: int
    most_output_tokens: int

    @classmethod
    def of(
        cls, plan: Plan, inputs: CostInputs, judge: catalog.Judge | None = None, batched: bool = False
    ) -> JudgeUsage:
        """The usage of one of the run's judges, by default the first one."""
        once = cls.in_batch(plan, inputs, judge)
        sends = plan.settings.judge.attempts + _LOST_REPLIES - batched
        return cls(
            once.requests,
            0 if batched else once.input_tokens,
            0 if batched else once.output_tokens,
            once.most_input_tokens * sends,
            once.most_output_tokens * sends,
        )

    @classmethod
    def in_batch(cls, plan: Plan, inputs: CostInputs, judge: catalog.Judge | None = None) -> JudgeUsage:
        """The usage of a batch job, which has each request once.

        Every answer of a contestant is graded once. Those of base and tuned model are also compared with each other,
        in both orders, with both answers in the prompt.

        Comparing in both orders cancels the judge's preference for the first or the second answer.
        """
        settings, questions, judge = plan.settings, inputs.questions, judge or plan.judges[0]
        answers = questions.count * settings.inference.max_tokens
        per_model = (
            questions.question_tokens + questions.reference_tokens + answers + questions.count * _INSTRUCTION_TOKENS
        )
        metrics = settings.used_metrics(inputs.task) if settings.serving != "none" else ()
        samples = settings.evaluation.samples
        grades = len(plan.contestants) * samples * ("correctness" in metrics)
        comparisons = 2 * samples * ("preference" in metrics)
        requests = (grades + comparisons) * questions.count
        read = (grades + comparisons) * per_model + comparisons * answers
        # A reasoning model writes its reasoning before the grade.
        written = requests * (settings.judge.max_tokens + judge.reasoning_tokens)
        most_answers = questions.count * settings.inference.longest_answer_bytes
        most_per_model = (
            questions.most_question_tokens
            + questions.most_reference_tokens
            + most_answers
            + questions.count * MOST_INSTRUCTION_TOKENS
        )
        most_read = (grades + comparisons) * most_per_model + comparisons * most_answers
        return cls(requests, read, written, most_read, written)


@dataclass(frozen=True, slots=True)
class ScorerUsage:
    """The calls of an own scorer: each contestant's answers are sent by themselves, in batches.

    At most: all attempts for every batch, and one more for what an invocation that was cut off had paid for.
    """

    calls: int
    most_calls: int

    @classmethod
    def of(cls, plan: Plan, questions: int, shards: int = 1) -> ScorerUsage:
        """The calls for `questions` in `shards` shards. The last batch of each shard can be small."""
        if not plan.settings.scorer.name or not questions:
            return cls(0, 0)
        answers, size = questions * plan.settings.evaluation.samples, plan.settings.scorer.batch
        batches, contestants = -(-answers // size), len(plan.contestants)
        most = min(answers, batches + shards - 1)
        return cls(contestants * batches, contestants * most * (SCORER_ATTEMPTS + _LOST_REPLIES))


def refuse_too_many_answers(plan: Plan, inputs: CostInputs) -> None:
    """Raises DatasetError when the function that puts the scores together could not hold the answers and grades.

    It would end for lack of memory after everything is paid.
    """
    settings, questions = plan.settings, inputs.questions.count
    if settings.serving == "none":
        return
    graded = "correctness" in settings.used_metrics(inputs.task)
    judges = len(plan.judges) if graded else 1
    answers = questions * settings.evaluation.samples * len(plan.contestants) * judges
    if answers > MOST_ANSWERS:
        factors = [
            f"{questions:,} questions",
            *([f"{settings.evaluation.samples} answers each"] if settings.evaluation.samples > 1 else []),
            f"{len(plan.contestants)} contestants",
            *([f"{judges} judges"] if judges > 1 else []),
        ]
        raise DatasetError(
            f"A run can score {MOST_ANSWERS:,} answers, and this one would have {answers:,}: {' × '.join(factors)}. "
            "Use fewer evaluation questions: a random sample of a few hundred gives nearly the same result. Or name "
            "fewer contestants in 'compare_with', fewer 'evaluation.samples' or fewer 'judge.models'."
        )


def check_time(preflight: Preflight, usage: JudgeUsage, shards: int) -> Iterator[str]:
    """A warning when the judge's quotas make the scoring slow. Raises QuotaError when it could not finish at all.

    Bedrock counts a request against the tokens quota with its input tokens and its maximum output tokens.
    """
    rates = [
        (rate, needed, what)
        for rate, needed, what in (
            (preflight.judge_requests_per_minute, usage.requests, "requests"),
            (preflight.judge_tokens_per_minute, usage.input_tokens + usage.output_tokens, "tokens"),
        )
        if rate is not None and needed
    ]
    if not rates:
        return
    # The quota that takes longest decides. With a quota of 0 the scoring never ends.
    rate, needed, what = max(rates, key=lambda each: each[1] / each[0] if each[0] else math.inf)
    minutes = needed / rate if rate else math.inf
    limit = f"The account may send the judge {rate:,.0f} {what} a minute"
    remedy = (
        "In Service Quotas, service Amazon Bedrock, ask AWS to raise this quota, or use another judge or fewer "
        "questions."
    )
    if minutes * min(shards, _CONCURRENT_SHARDS) / shards > _MAXIMUM_SHARD_MINUTES:
        raise QuotaError(f"{limit}, and the run needs up to {needed:,}: the scoring could not finish. {remedy}")
    if minutes > _WARNING_MINUTES:
        yield f"{limit}: the {usage.requests:,} grades take up to {minutes:,.0f} minutes. {remedy}"
