"""No run costs more than its worst case, however badly the judge answers; budget and approval use the worst case."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import manifest
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import CostItem, Estimate, SpendingLimits
from tuner.artifacts.dataset import DatasetSummary, EvaluationQuestion
from tuner.artifacts.evaluation.judgments import Judgments
from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import RetryableError
from tuner.costs.cost_inputs import CostInputs, Plan, cost_inputs
from tuner.costs.estimate import estimate
from tuner.costs.judge_usage import JudgeUsage
from tuner.costs.prices.price_list import price_list
from tuner.costs.spending_decision import spending_decision, spending_reason
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.metrics import ScoringContext, chosen

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0:200k"
NOVA = "amazon.nova-micro-v1:0:128k"
JUDGE = "us.anthropic.claude-sonnet-4-6"
# What a vendor adds to a request with a tool. Source: Anthropic's documentation of tool use, which names 313 to 804.
TOOL_TOKENS = 804
SUMMARY = DatasetSummary(training_records=9, validation_records=1)


class WorstJudge:
    """Replies with nothing usable at the longest, counts each byte as a token, and fails when an invocation ends."""

    def __init__(self) -> None:
        self.input_tokens = self.output_tokens = 0
        self.replies_left = 0

    def ask(self, model: str, system: str, text: str, tool: Tool, inference: Mapping[str, Any]) -> ToolReply:
        if not self.replies_left:
            raise RetryableError("the invocation ends")
        self.replies_left -= 1
        read = len(f"{system}{text}{tool.description}{json.dumps(tool.schema)}".encode()) + TOOL_TOKENS
        self.input_tokens += read
        self.output_tokens += int(inference["maxTokens"])
        return ToolReply(None, "", "max_tokens", read, int(inference["maxTokens"]), problem="x" * 4000)


TEXTS = st.sampled_from(["", "How?", "<&>" * 60, "日本語の質問ですか。" * 9, "😀" * 50, "word " * 80])


@pytest.mark.slow
@given(
    asked=st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=3),
    most_tokens=st.integers(1, 40),
    attempts=st.integers(1, 10),
    written=st.integers(64, 200),
    metrics=st.sampled_from([("correctness",), ("preference",), ("correctness", "preference")]),
    invocations=st.lists(st.integers(0, 40), max_size=4),
)
def test_no_judge_uses_more_tokens_than_the_worst_case(
    asked: list[tuple[str, str, str, str]],
    most_tokens: int,
    attempts: int,
    written: int,
    metrics: tuple[str, ...],
    invocations: list[int],
) -> None:
    pinned = manifest(
        NOVA,
        serving="on_demand",
        inference={"max_tokens": most_tokens},
        judge={"model": JUDGE, "max_tokens": written, "attempts": attempts},
        evaluation={"metrics": list(metrics)},
    )
    questions = [
        EvaluationQuestion(id=str(number), question=each[0], reference=each[1]) for number, each in enumerate(asked)
    ]
    samples = [
        GradedItem(id=str(number), question=each[0], reference=each[1], answers={"base": each[2], "tuned": each[3]})
        for number, each in enumerate(asked)
    ]
    worst, judgments = WorstJudge(), Judgments()
    for replies in [*invocations, 10**6]:
        worst.replies_left = replies
        judge = Judge(
            pinned.judge_model,
            pinned.settings.judge,
            judgments,
            worst.ask,
            lambda seconds: None,
            ConcurrencyLimiter(1, sleep=lambda seconds: None),
            longest_answer=pinned.settings.inference.longest_answer_bytes,
        )
        for metric in chosen(metrics):
            try:
                metric.grade(samples, ScoringContext([judge]))
            except RetryableError:
                break
    usage = JudgeUsage.of(Plan.of(pinned), cost_inputs(SUMMARY, questions, Plan.of(pinned)))
    assert worst.input_tokens <= usage.most_input_tokens
    assert worst.output_tokens <= usage.most_output_tokens


def test_ordinary_answers_are_shown_whole_and_long_ones_without_their_middle() -> None:
    judge = Judge(JUDGE, manifest().settings.judge, longest_answer=40)
    assert judge.shown("An answer of forty characters, at most.") == "An answer of forty characters, at most."
    shown = judge.shown(f"begin {'&' * 99} end")
    assert shown.startswith("b")
    assert shown.endswith("d")
    assert "left out" in shown
    assert len(shown.encode()) < 40 + 30


def usage(**settings: Any) -> JudgeUsage:
    plan = Plan.of(manifest(NOVA, serving="on_demand", **settings))
    return JudgeUsage.of(plan, cost_inputs(SUMMARY, [QUESTION], plan))


QUESTION = EvaluationQuestion(id="1", question="q" * 30, reference="r" * 60)


def test_the_judge_reads_for_every_grade_and_every_comparison() -> None:
    """Two grades, two comparisons with a second answer: 500 for instructions, 10 and 20 for the texts, and answers."""
    both = usage(inference={"max_tokens": 100}, evaluation={"metrics": ["correctness", "preference"]})
    grades = usage(inference={"max_tokens": 100}, evaluation={"metrics": ["correctness"]})
    assert (both.requests, both.input_tokens) == (4, 4 * (500 + 10 + 20 + 100) + 2 * 100)
    assert (grades.requests, grades.input_tokens) == (2, 2 * (500 + 10 + 20 + 100))
    texts = (32 + 30 + 32) + (32 + 60)
    # Three attempts, and a request whose reply is lost.
    assert both.most_input_tokens == 4 * (4 * (5000 + texts + 800) + 2 * 800)
    assert both.most_output_tokens == 4 * both.output_tokens == 4 * 4 * 1024


def test_an_alternative_reference_is_read_too() -> None:
    plan = Plan.of(manifest(NOVA, serving="on_demand"))
    more = QUESTION.model_copy(update={"accepted": ("a" * 30,)})
    found = cost_inputs(SUMMARY, [more], plan).questions
    assert (found.reference_tokens, found.most_reference_tokens) == (30, 32 + 60 + 32 + 30)


@pytest.mark.parametrize(("text", "tokens"), [("abc", 1), ("日本語", 3), ("ไทย", 3), ("где", 2)])
def test_a_letter_of_every_script_counts_by_its_bytes(text: str, tokens: int) -> None:
    plan = Plan.of(manifest(NOVA, serving="on_demand"))
    question = EvaluationQuestion(id="1", question=text, reference="")
    assert cost_inputs(SUMMARY, [question], plan).questions.question_tokens == tokens


def made(budget: float = 500, approval: float | None = None, **settings: Any) -> Estimate:
    limits = SpendingLimits(budget_usd=budget, approval_usd=approval, longest_throughput_hours=1.5)
    plan = Plan.of(manifest(HAIKU, **settings))
    summary = DatasetSummary(training_records=9, validation_records=1, training_tokens=9000, training_bytes=30_000)
    inputs: CostInputs = cost_inputs(summary, [QUESTION], plan)
    return estimate(plan, inputs, limits, price_list(()))


def item(found: Estimate, wanted: CostItemId) -> CostItem:
    entry = found.find(wanted)
    assert entry
    return entry


def test_training_takes_at_most_a_token_for_every_byte_and_epoch() -> None:
    training = item(made(hyperparameters={"epochCount": 3}), CostItemId.TRAINING)
    assert (training.quantity, training.at_most) == (27_000, 90_000)


def test_throughput_is_paid_at_most_until_the_release_schedule_has_fired() -> None:
    """It fires after 1.5 hours, and the deletion may reach the next begun hour."""
    throughput = item(made(model_units=2), CostItemId.THROUGHPUT)
    assert (throughput.quantity, throughput.at_most, throughput.at_most_usd) == (2, 6, 6 * 132)


def test_an_unknown_price_has_no_worst_case_either() -> None:
    assert item(made(), CostItemId.TRAINING).at_most_usd is None


def test_no_item_is_expected_to_cost_more_than_at_most() -> None:
    found = made(keep_hours=3, commitment="SixMonths")
    assert all((entry.usd or 0) <= (entry.at_most_usd or 0) for entry in found.items)
    assert found.at_most_usd == pytest.approx(sum(entry.at_most_usd or 0 for entry in found.items))
    assert found.total_usd < found.worst_case_usd


def test_budget_and_approval_are_compared_with_the_worst_case() -> None:
    found = made()
    assert found.total_usd < 140 < 396 < found.worst_case_usd
    assert spending_decision(made(budget=300)) == "refuse"
    assert spending_decision(made(approval=300)) == "approve"
    assert spending_decision(made(approval=found.worst_case_usd)) == "proceed"
    said = spending_reason(made(budget=300))
    assert f"about ${found.total_usd:,.2f}, at most ${found.worst_case_usd:,.2f}" in said
    assert f"${found.worst_case_usd - 300:,.2f} over its budget of $300.00" in said
    assert "Provisioned throughput costs most: $396.00" in said
    assert "'longest_throughput_hours'" in said


def test_a_worst_case_of_exactly_the_budget_is_within_it() -> None:
    assert spending_decision(made(budget=made().worst_case_usd)) == "proceed"


def test_the_pipelines_own_items_cost_at_most_nine_times_as_much() -> None:
    calls = item(made(), CostItemId.LAMBDA_CALLS)
    assert calls.quantity
    assert calls.at_most == 9 * calls.quantity


def test_the_stored_size_is_that_of_training_and_validation_data() -> None:
    summary = SUMMARY.model_copy(update={"training_bytes": 30_000, "validation_bytes": 500})
    found = cost_inputs(summary, [QUESTION], Plan.of(manifest(NOVA, serving="on_demand")))
    assert (found.training_bytes, found.most_training_tokens) == (30_500, 30_000)


def test_an_estimate_of_an_earlier_version_is_decided_by_its_sum() -> None:
    old = Estimate(items=(), total_usd=12, budget_usd=100)
    assert (old.worst_case_usd, spending_decision(old)) == (12, "proceed")
    assert "costs about $12.00, within" in spending_reason(old)
