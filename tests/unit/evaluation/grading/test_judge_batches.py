"""A judge that is asked in a batch job: for JSON as text, at half the price, and by calls for what is missing."""

import itertools
import json
import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.doubles import RUN, MemoryFolder, write_lines
from tests.examples import examples
from tests.unit.costs.test_spending_is_bounded import EndingFolder, NoEncoder, Runtime, attempt
from tests.unit.serving.batch.batch_jobs import Batches, prepared
from tuner.artifacts.batch import BatchJob
from tuner.artifacts.costs.cost_items import JUDGE_BATCH, CostItemId
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.evaluation.judgments import Judgment, judgments_file, read_judgments
from tuner.artifacts.evaluation.verdict import Verdict
from tuner.artifacts.preflight import Preflight
from tuner.artifacts.report import Report
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AwsError
from tuner.costs.batch_choice import batch_choice
from tuner.costs.cost_inputs import Plan
from tuner.costs.estimate import estimate
from tuner.costs.ledger.spent import METERED, PaidUse
from tuner.costs.meter import most_used
from tuner.costs.prices.price_list import PriceList, price_list
from tuner.costs.write_estimate import counted_sizes
from tuner.evaluation.grading.batches import batches_of
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.metric_details import details_of
from tuner.serving.batch.collect import BatchCollector
from tuner.serving.batch.start import BatchStarter

JUDGE, OTHER = "amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-6"
UNDER = "batch/judges/1/"
BOTH = ["correctness", "preference"]
_MARK = re.compile(r'"request_mark": \{"type": "string", "const": "([0-9a-f]+)"\}')


class JudgeJobs(Batches):
    """Bedrock's batch jobs of a judge. `replies` are in a circle: a grade, or something that cannot be used."""

    replies: Any = None

    def reply(self, sent: Any) -> str:
        said = next(self.replies) if self.replies else "usable"
        system = sent["system"][0]["text"]
        mark = _MARK.search(system)
        assert mark
        asked = "preferred" if '"preferred"' in system else "score"
        good = {"reasoning": "Right.", asked: 1, "request_mark": mark[1]}
        return {
            "usable": json.dumps(good),
            "malformed": json.dumps({**good, asked: "8/10"}),
            "copied": json.dumps({**good, "request_mark": "000000000000"}),
            "prose": f"I think: {json.dumps(good)}",
        }[said]


class Calls:
    """Converse: answers with grades, as text, and keeps the requests."""

    def __init__(self, folder: MemoryFolder) -> None:
        self.requests: list[dict[str, Any]] = []
        self._replies = JudgeJobs(folder)

    def converse(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        use = {"toolUse": {"name": "grade", "input": {"reasoning": "Right.", "score": 1}}}
        block = use if "toolConfig" in request else {"text": self._replies.reply(request)}
        return {
            "output": {"message": {"content": [block]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 3},
        }


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.evaluation.grading.shards.Judge", partial(Judge, sleep=lambda _: None))
    limiter = partial(ConcurrencyLimiter, sleep=lambda _: None)
    monkeypatch.setattr("tuner.evaluation.grading.shards.ConcurrencyLimiter", lambda _: limiter(2))


def answered(
    count: int = 3, least: int = 1, folder: MemoryFolder | None = None, same: bool = False, **chosen: Any
) -> MemoryFolder:
    """The folder of an approved run whose contestants have answered. Its judges can be asked in batch jobs."""
    judge = {"model": JUDGE, "max_tokens": 90, **chosen.pop("judge", {})}
    evaluation = {"metrics": ["correctness"], **chosen.pop("evaluation", {})}
    minimums = dict.fromkeys((JUDGE, OTHER), least)
    folder = prepared(count, folder=folder, minimums=minimums, judge=judge, evaluation=evaluation, **chosen)
    for name in ("base", "tuned"):
        said = [{"id": f"q-{n}", "answer": "Alike." if same else f"{name} says {n}."} for n in range(count)]
        write_lines(folder, Keys.answers(name, 0), said)
    return folder


def started(folder: MemoryFolder, jobs: Batches) -> tuple[BatchJob, ...]:
    return BatchStarter(jobs, folder, "tuner", "arn:aws:iam::1:role/batch").start(batches_of(folder, "tuner", True, 2))


def collected(folder: MemoryFolder, jobs: Batches) -> str:
    return BatchCollector(jobs, folder).progress(batches_of(folder, "tuner", True, 2)).status


def graded(folder: MemoryFolder, monkeypatch: pytest.MonkeyPatch) -> tuple[Calls, Any]:
    """The calls of the step that scores, and its shards' counts and facts together."""
    calls = Calls(folder)
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: calls)
    found = Shards(folder, 2, NoEncoder())  # type: ignore[arg-type]
    made = [found.graded(shard, found.items_of(shard)) for shard in range(found.count)]
    counts = {
        metric: {name: sum(each.counts[metric].get(name, 0) for each in made) for name in made[0].counts[metric]}
        for metric in made[0].counts
    }
    records = [record for each in made for record in each.records]
    return calls, details_of(records, made[0].about, counts)["judge"]


def judgments(folder: MemoryFolder) -> list[Judgment]:
    return [each for shard in range(2) for each in read_judgments(folder.find(judgments_file(shard)), "").values()]


def record_of(folder: MemoryFolder, under: str = UNDER) -> BatchJob:
    return folder.load(BatchJob, under)


def test_a_judge_is_asked_in_one_job_and_by_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered(evaluation={"metrics": BOTH})
    jobs = JudgeJobs(folder)
    (job,) = started(folder, jobs)
    (request,) = jobs.requests.values()
    assert (job.contestant, job.judge, job.records) == (None, JUDGE, 3 * 2 + 3 * 2)
    assert (request.model, request.name) == (JUDGE, job.job_name)
    assert request.tags == {"bedrock-tuner:deployment": "tuner", "bedrock-tuner:run": RUN}
    asked = [json.loads(line)["modelInput"] for line in folder.read(f"{UNDER}input.jsonl").splitlines()]
    assert all(set(each) == {"messages", "system", "inferenceConfig"} for each in asked)  # Bedrock refuses toolConfig
    assert "You grade answers" in asked[0]["system"][0]["text"]
    assert collected(folder, jobs) == "Completed"
    calls, judge = graded(folder, monkeypatch)
    assert calls.requests == []
    assert (judge.asked, judge.missing, judge.in_batch, judge.as_text) == (12, 0, 12, True)
    assert judge.batch_input_tokens == judge.input_tokens > 0
    assert (record_of(folder).answered, record_of(folder).problem) == (12, None)
    assert most_used(folder, "batch/judges/1").input == jobs.billed["input"]


@pytest.mark.parametrize("said", ["malformed", "copied", "prose"])
def test_what_cannot_be_used_is_asked_for_again_by_a_call_in_the_same_way(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    folder = answered()
    jobs = JudgeJobs(folder)
    jobs.replies = itertools.cycle(["usable", said])
    started(folder, jobs)
    collected(folder, jobs)
    assert record_of(folder).problem == f"3 of 6 judgments are missing. Of the first one, {_problem_of(said)}"
    calls, judge = graded(folder, monkeypatch)
    assert len(calls.requests) == 3
    assert all("toolConfig" not in request for request in calls.requests)
    assert "Your last reply could not be used" in calls.requests[0]["messages"][0]["content"][0]["text"]
    assert (judge.missing, judge.in_batch, judge.input_tokens - judge.batch_input_tokens) == (0, 6, 15)
    assert sorted(each.attempts for each in judgments(folder)) == [1, 1, 1, 2, 2, 2]


def _problem_of(said: str) -> str:
    return {
        "malformed": "score must be a whole number from 1 to 10, not '8/10'.",
        "copied": "request_mark is not the one of the request.",
        "prose": "the reply is not one JSON object and nothing else.",
    }[said]


def test_a_record_of_a_job_is_one_of_the_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered(judge={"attempts": 1})
    jobs = JudgeJobs(folder)
    jobs.replies = itertools.repeat("malformed")
    started(folder, jobs)
    collected(folder, jobs)
    calls, judge = graded(folder, monkeypatch)
    assert calls.requests == []
    assert (judge.asked, judge.missing) == (6, 6)


@pytest.mark.parametrize("status", ["Completed", "PartiallyCompleted", "Expired", "Stopped", "Failed"])
def test_what_a_job_did_not_judge_is_asked_for_by_calls(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    folder = answered()
    jobs = JudgeJobs(folder, ("answered", "refused", "missing"), status)
    started(folder, jobs)
    assert collected(folder, jobs) == "Completed"
    problem = record_of(folder).problem or ""
    assert problem.startswith("4 of 6 judgments are missing.")
    assert ("bad request" if status == "Completed" else f"as {status}: said Bedrock") in problem
    calls, judge = graded(folder, monkeypatch)
    assert len(calls.requests) == 4
    assert (judge.missing, judge.in_batch) == (0, 2)


def test_all_judgments_of_a_job_that_bedrock_refuses_are_asked_for_by_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered()
    jobs = JudgeJobs(folder, refuses=AwsError("too many jobs"))
    (job,) = started(folder, jobs)
    assert (job.is_over, job.problem) == (True, "too many jobs")
    assert most_used(folder, "batch/judges/1").input == 0
    assert collected(folder, jobs) == "Completed"
    calls, judge = graded(folder, monkeypatch)
    assert (len(calls.requests), judge.in_batch, judge.as_text) == (6, 0, True)


def test_too_few_requests_are_left_to_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate counts an answer of every contestant to every question. Some of them failed."""
    folder = answered(least=6)
    write_lines(folder, Keys.answers("base", 0), [{"id": "q-0", "answer": "So."}])
    jobs = JudgeJobs(folder)
    (job,) = started(folder, jobs)
    assert (jobs.requests, job.is_over, most_used(folder, "batch/judges/1").input) == ({}, True, 0)
    assert "at least 6 records, and only 4 requests are left" in (job.problem or "")
    assert len(graded(folder, monkeypatch)[0].requests) == 4


def test_the_same_answer_to_a_question_is_judged_and_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered(same=True)
    jobs = JudgeJobs(folder)
    assert started(folder, jobs)[0].records == 3
    collected(folder, jobs)
    calls, judge = graded(folder, monkeypatch)
    assert (calls.requests, judge.asked, judge.in_batch) == ([], 6, 6)
    assert judge.batch_input_tokens == jobs.billed["input"]


def test_an_attempt_after_a_crash_starts_no_second_job_and_counts_nothing_twice() -> None:
    folder = answered()
    jobs = JudgeJobs(folder)
    started(folder, jobs)
    folder.save(record_of(folder).model_copy(update={"job_arn": None}), UNDER)
    started(folder, jobs)
    assert len(jobs.requests) == 1
    collected(folder, jobs)
    once, used = judgments(folder), most_used(folder, "batch/judges/1")
    folder.save(record_of(folder).model_copy(update={"ended_at": None}), UNDER)
    collected(folder, jobs)
    assert (judgments(folder), most_used(folder, "batch/judges/1")) == (once, used)


def test_each_judge_is_asked_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = answered(judge={"models": [OTHER, JUDGE], "model": None})
    folder.save(Preflight(batch_minimums={JUDGE: 1}))
    made = reestimated(folder)
    (warning,) = [each for each in made.warnings if "judge" in each]
    assert warning.startswith("hurry: the judge Claude Sonnet 4.6")
    assert "Service Quotas names no least number of records" in warning
    jobs = JudgeJobs(folder)
    (job,) = started(folder, jobs)
    assert (job.judge, folder.list("batch/judges/2/job.json")) == (JUDGE, ["batch/judges/2/job.json"])
    collected(folder, jobs)
    calls = Calls(folder)
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: calls)
    found = Shards(folder, 2, NoEncoder())  # type: ignore[arg-type]
    found.graded(0, found.items_of(0))
    assert {request["modelId"] for request in calls.requests} == {OTHER}
    assert all("toolConfig" in request for request in calls.requests)
    items = {item.key: item for item in made.items}
    report = Report(run_id=RUN, status="SUCCEEDED", verdict=Verdict(sentence=""), ended_at="", folder="", estimate=made)
    use = PaidUse.of(folder, report)
    assert f"judge_batch_input {JUDGE}" in items
    assert f"judge_batch_input {OTHER}" not in items
    assert use.calls["batch/judges/2"].input == jobs.billed["input"]


def reestimated(folder: MemoryFolder, prices: PriceList | None = None) -> Estimate:
    known = prices or price_list(())
    plan, inputs = Plan.of(folder.manifest()), counted_sizes(folder, folder.manifest()).inputs
    chosen = batch_choice(plan, inputs, folder.load(Preflight)).of_cheaper_judges(plan, known)
    inputs = replace(inputs, batched=chosen.batched, batched_judges=chosen.judges)
    made = estimate(plan, inputs, SpendingLimits(budget_usd=500), known, chosen.reasons)
    folder.save(made)
    return made


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"evaluation": {"stop_early": True}}, "with evaluation.stop_early, its grades decide how long the tuned"),
        ({"keep_hours": 2}, "with keep_hours, the throughput would be paid while the run waits for the job."),
        ({"least": 7}, "a batch job of amazon.nova-pro-v1:0 has at least 7 records, and the run has 6."),
    ],
)
def test_why_a_judge_is_not_asked_in_batch_is_said_before_any_spend(chosen: dict[str, Any], reason: str) -> None:
    folder = answered(**{"serving": "provisioned", **chosen})
    made = folder.load(Estimate)
    assert not [item for item in made.items if item.id in JUDGE_BATCH]
    assert any(f"the judge Nova Pro is asked by calls, at the full price: {reason}" in w for w in made.warnings)
    assert started(folder, JudgeJobs(folder)) == ()


def test_with_stop_early_the_contestants_are_asked_in_batch_all_the_same() -> None:
    folder = answered(evaluation={"stop_early": True})
    folder.save(Preflight(batch_minimums={JUDGE: 1, folder.manifest().base_endpoint: 1}))
    made = reestimated(folder)
    assert made.find(CostItemId.BATCH_INPUT, contestant="base")
    assert not made.find(CostItemId.JUDGE_BATCH_INPUT)


def test_a_judge_without_a_known_price_of_a_batch_is_asked_by_calls() -> None:
    folder = answered()
    known = [each for each in price_list(())._prices if not each.item.startswith("batch_")]
    made = reestimated(folder, PriceList(known))
    assert not [item for item in made.items if item.id in JUDGE_BATCH]
    assert any("no price of a batch job is known for it" in warning for warning in made.warnings)


def test_a_run_without_a_judge_says_nothing_of_one() -> None:
    made = answered(evaluation={"metrics": ["exact_match"]}).load(Estimate)
    assert not [each for each in made.warnings if "judge" in each]


def test_the_estimate_has_half_the_price_and_a_smaller_worst_case() -> None:
    hurried, unhurried = (answered(hurry=hurry).load(Estimate) for hurry in (True, False))
    assert not [item for item in hurried.items if item.id in JUDGE_BATCH]
    for call, batch in (
        (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_BATCH_INPUT),
        (CostItemId.JUDGE_OUTPUT, CostItemId.JUDGE_BATCH_OUTPUT),
    ):
        full, half, rest = hurried.find(call), unhurried.find(batch), unhurried.find(call)
        assert full and half and rest and full.usd and half.usd
        assert half.usd == pytest.approx(full.usd / 2)
        assert rest.quantity == 0
        assert rest.at_most_usd and half.at_most_usd and full.at_most_usd
        assert rest.at_most_usd + half.at_most_usd < full.at_most_usd
    assert set(JUDGE_BATCH) <= set(METERED)


RECORDS = st.lists(st.sampled_from(["answered", "refused", "billed", "missing"]), min_size=1, max_size=4)
SAID = st.lists(st.sampled_from(["usable", "malformed", "copied", "prose"]), min_size=1, max_size=4)
CALLED = st.lists(
    st.sampled_from(["malformed", "endless", "empty", "lost", "failed", "killed", "throttled"]), min_size=1, max_size=6
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(15))
@given(
    count=st.integers(1, 4),
    attempts=st.integers(1, 3),
    metrics=st.sampled_from([["correctness"], ["preference"], BOTH]),
    outcomes=RECORDS,
    said=SAID,
    called=CALLED,
    refused=st.booleans(),
)
@example(4, 3, BOTH, ["answered"], ["malformed"], ["lost"], False)
@example(4, 1, BOTH, ["billed"], ["usable"], ["lost"], False)
def test_no_job_of_a_judge_and_no_call_after_it_pass_the_approved_worst_case(
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    attempts: int,
    metrics: list[str],
    outcomes: list[str],
    said: list[str],
    called: list[str],
    refused: bool,
) -> None:
    """Every record is billed at a token for each byte, and every call that reaches the judge too."""
    folder = answered(
        count, folder=EndingFolder(), judge={"attempts": attempts}, evaluation={"metrics": metrics}, system_prompt="<&>"
    )
    approved, pinned = folder.load(Estimate), folder.manifest()
    jobs = JudgeJobs(folder, tuple(outcomes), refuses=AwsError("no") if refused else None)
    jobs.replies = itertools.cycle(said)
    started(folder, jobs)
    started(folder, jobs)
    collected(folder, jobs)
    runtime = Runtime(called, called, pinned, True)
    folder.runtime = runtime  # type: ignore[attr-defined]
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: runtime)
    for shard in range(-(-count // 2)):

        def score(shard: int = shard) -> None:
            found = Shards(folder, 2, NoEncoder())  # type: ignore[arg-type]
            found.graded(shard, found.items_of(shard))

        attempt(score, runtime, 9)
    for kind, by_call, batched in (
        ("input", CostItemId.JUDGE_INPUT, CostItemId.JUDGE_BATCH_INPUT),
        ("output", CostItemId.JUDGE_OUTPUT, CostItemId.JUDGE_BATCH_OUTPUT),
    ):
        job, call = approved.find(batched), approved.find(by_call)
        assert job and call and job.at_most is not None and call.at_most is not None
        # The ledger is told `most_used`.
        assert jobs.billed[kind] <= getattr(most_used(folder, "batch/judges/1"), kind) <= job.at_most
        assert runtime.billed["judge", kind] <= getattr(most_used(folder, "judge"), kind) <= call.at_most
