"""The jobs of a judge: JSON as text, and calls for what is missing."""

import itertools
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.doubles import RUN, write_lines
from tests.examples import examples
from tests.unit.costs.test_spending_is_bounded import EndingFolder, NoEncoder, Runtime, attempt
from tests.unit.evaluation.grading.judge_jobs import (
    BOTH,
    JUDGE,
    UNDER,
    JudgeJobs,
    answered,
    collected,
    graded,
    judgments,
    record_of,
    started,
)
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError
from tuner.costs.meter import most_used
from tuner.evaluation.grading.shards import Shards


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
