"""A run that is not in a hurry asks in batch jobs, pays half, and asks on demand for what a job did not answer."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.doubles import NAME, RUN, MemoryFolder, write_lines
from tests.examples import examples
from tests.unit.costs.test_spending_is_bounded import EndingFolder, Runtime, attempt
from tests.unit.serving.batch.batch_jobs import MODEL, Batches, collected, prepared, record_of, started
from tuner.artifacts.costs.cost_items import BATCH, CostItemId
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import ConverseClient
from tuner.aws.bedrock.resources import BATCH_HOURS
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, QuotaError, RetryableError
from tuner.core.resource_names import batch_name, run_names, without_suffix
from tuner.costs.allotments import Allotments
from tuner.costs.cost_inputs import Plan
from tuner.costs.estimate import estimate
from tuner.costs.ledger.spent import METERED
from tuner.costs.meter import most_used
from tuner.costs.prices.price_list import price_list
from tuner.costs.write_estimate import counted_sizes
from tuner.serving.batch.collect import BatchProgress, wait_seconds
from tuner.serving.inference import Inference, Shard
from tuner.settings import Polling


def test_a_job_asks_what_calls_would_ask_and_its_answers_are_those_of_calls() -> None:
    folder = prepared(system_prompt="Be brief.")
    jobs = Batches(folder)
    (job,) = started(folder, jobs)
    (request,) = jobs.requests.values()
    assert (request.model, request.name) == (MODEL, job.job_name)
    assert request.tags == {"bedrock-tuner:deployment": "tuner", "bedrock-tuner:run": RUN}
    first = json.loads(folder.read("batch/base/input.jsonl").splitlines()[0])
    assert first == {
        "recordId": "00000000000",
        "modelInput": {
            "messages": [{"role": "user", "content": [{"text": "How? 0"}]}],
            "inferenceConfig": {"maxTokens": 40, "temperature": 0.0},
            "system": [{"text": "Be brief."}],
        },
    }
    assert collected(folder, jobs) == BatchProgress("Completed")
    assert folder.list("answers/base/") == [Keys.answers("base", 0), Keys.answers("base", 1)]
    answers = folder.answers("base")
    assert [(each.id, each.answer) for each in answers] == [(f"q-{n}", f"So How? {n}") for n in range(3)]
    assert all(each.batch and each.latency_ms is None and each.output_tokens == 40 for each in answers)
    assert (record_of(folder).answered, record_of(folder).problem) == (3, None)


def test_several_answers_to_a_question_are_records_of_one_job() -> None:
    folder = prepared(2, evaluation={"samples": 2}, inference={"max_tokens": 9, "temperature": 0.5})
    jobs = Batches(folder)
    assert started(folder, jobs)[0].records == 4
    collected(folder, jobs, size=1)
    assert [(each.id, each.sample) for each in folder.answers("base")] == [
        (f"q-{question}", sample) for question in range(2) for sample in range(2)
    ]


def test_every_contestant_of_bedrocks_own_models_has_a_job() -> None:
    folder = prepared(compare_with=["base", "few_shot", "best"])
    jobs = Batches(folder)
    assert [job.contestant for job in started(folder, jobs)] == ["base", "few_shot"]
    assert b'"text": "a"' in folder.read("batch/few_shot/input.jsonl")
    assert len(set(jobs.requests)) == 2


def test_an_attempt_after_a_crash_starts_no_second_job_and_reserves_nothing_twice() -> None:
    folder = prepared()
    jobs = Batches(folder)
    started(folder, jobs)
    # The function was cut off after Bedrock had accepted the job, and before it recorded that.
    folder.save(record_of(folder).model_copy(update={"job_arn": None}), Keys.batch("base"))
    once = most_used(folder, "batch/base")
    started(folder, jobs)
    assert len(jobs.requests) == 1
    assert most_used(folder, "batch/base") == once
    assert record_of(folder).job_arn


@pytest.mark.parametrize("error", [AwsError("not supported"), QuotaError("too many jobs")])
def test_the_questions_of_a_job_that_bedrock_refuses_are_asked_on_demand(error: Exception) -> None:
    folder = prepared()
    jobs = Batches(folder, refuses=error)
    (job,) = started(folder, jobs)
    assert (job.is_over, job.problem) == (True, str(error))
    assert most_used(folder, "batch/base").input == 0
    assert collected(folder, jobs).status == "Completed"
    assert answered_on_demand(folder, Runtime(["empty"], ["empty"], folder.manifest(), True)) == 3


@pytest.mark.parametrize("error", [AwsError("not supported"), QuotaError("too many jobs")])
def test_a_refusal_after_a_lost_reply_leaves_the_job_reserved(error: Exception) -> None:
    """The first attempt may have started a job, which can be why Bedrock refuses the second one."""
    folder = prepared()
    with pytest.raises(RetryableError):
        started(folder, Batches(folder, refuses=RetryableError("no answer from AWS")))
    reserved = most_used(folder, "batch/base")
    (job,) = started(folder, Batches(folder, refuses=error))
    assert job.is_over
    assert most_used(folder, "batch/base") == reserved


def change_usage(folder: MemoryFolder, usage: Any) -> None:
    """Every line of the job's output says that it used these tokens."""
    name = next(name for name in folder.list("batch/base/") if name.endswith(".jsonl.out"))
    lines = [json.loads(line) for line in folder.read(name).splitlines()]
    for line in lines:
        line["modelOutput"]["usage"] = usage
    write_lines(folder, name, lines)


def test_an_answer_without_counted_tokens_counts_with_all_that_was_reserved() -> None:
    folder = prepared()
    jobs = Batches(folder)
    started(folder, jobs)
    reserved = most_used(folder, "batch/base")
    change_usage(folder, {"inputTokens": 0, "outputTokens": 0})
    collected(folder, jobs)
    assert record_of(folder).answered == 3
    assert most_used(folder, "batch/base") == reserved


@pytest.mark.parametrize(
    "usage", [{}, None, {"inputTokens": "9", "outputTokens": 1}, {"inputTokens": 9, "outputTokens": True}]
)
def test_an_output_that_counts_no_tokens_is_no_answer_and_counts_with_all_that_was_reserved(usage: Any) -> None:
    folder = prepared()
    jobs = Batches(folder)
    started(folder, jobs)
    reserved = most_used(folder, "batch/base")
    change_usage(folder, usage)
    assert collected(folder, jobs) == BatchProgress("Completed")
    assert "not of the documented form" in (record_of(folder).problem or "")
    assert most_used(folder, "batch/base") == reserved


def test_a_job_that_may_have_been_started_stays_reserved() -> None:
    folder = prepared()
    with pytest.raises(RetryableError):
        started(folder, Batches(folder, refuses=RetryableError("no answer from AWS")))
    assert most_used(folder, "batch/base").input > 0
    assert record_of(folder).job_arn is None


@pytest.mark.parametrize("status", ["Completed", "PartiallyCompleted", "Expired", "Stopped", "Failed"])
def test_what_a_job_did_not_answer_is_asked_on_demand(status: str) -> None:
    folder = prepared(4)
    jobs = Batches(folder, ("answered", "refused", "answered", "missing"), status)
    started(folder, jobs)
    assert collected(folder, jobs) == BatchProgress("Completed")
    problem = record_of(folder).problem or ""
    assert problem.startswith("2 of 4 answers are missing.")
    assert ("bad request" if status == "Completed" else f"as {status}: said Bedrock") in problem
    runtime = Runtime(["empty"], ["empty"], folder.manifest(), True)
    assert answered_on_demand(folder, runtime) == 2
    assert [each.batch for each in folder.answers("base")] == [True, False, True, False]


def answered_on_demand(folder: MemoryFolder, runtime: Runtime, size: int = 2) -> int:
    """The state after the jobs. Returns how many calls it made."""
    pinned = folder.manifest()
    before = runtime.billed["base", "output"]
    ask(folder, pinned, runtime, size)
    return (runtime.billed["base", "output"] - before) // pinned.settings.inference.max_tokens


def ask(folder: MemoryFolder, pinned: Manifest, runtime: Runtime, size: int) -> None:
    contestant, samples = pinned.contestant("base"), pinned.settings.evaluation.samples
    shards = -(-len(folder.read(Keys.EVALUATION).splitlines()) // size)
    meter_of = Allotments.of(folder, pinned).answers
    inference = Inference(ConverseClient(runtime), MODEL, pinned, 3, meter_of, sleep=lambda _: None)
    inference.run(*(Shard(folder, contestant, number, size, samples) for number in range(shards)))


@pytest.mark.parametrize("status", ["Submitted", "Validating", "Scheduled", "InProgress", "Stopping"])
def test_a_job_in_progress_is_waited_for(status: str) -> None:
    folder = prepared()
    jobs = Batches(folder, status=status)
    started(folder, jobs)
    assert collected(folder, jobs).status == "InProgress"
    assert (folder.list("answers/"), jobs.stopped) == ([], [])


def test_a_job_that_exceeds_its_time_limit_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = prepared()
    jobs = Batches(folder, status="InProgress")
    started(folder, jobs)
    monkeypatch.setattr("tuner.serving.batch.collect.seconds_since", lambda _: (BATCH_HOURS + 1) * 3600 + 1)
    collected(folder, jobs)
    assert jobs.stopped == [record_of(folder).job_arn]


def test_a_young_job_that_bedrock_does_not_show_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = prepared()
    jobs = Batches(folder, status="gone")
    started(folder, jobs)
    with pytest.raises(RetryableError, match="does not show it yet"):
        collected(folder, jobs)
    monkeypatch.setattr("tuner.serving.batch.collect.seconds_since", lambda _: 901)
    assert collected(folder, jobs).status == "Completed"


OUTCOMES = st.lists(st.sampled_from(["answered", "refused", "billed", "missing"]), min_size=1, max_size=4)
CALLS = st.lists(st.sampled_from(["endless", "empty", "lost", "failed", "killed", "throttled"]), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=examples(20))
@given(count=st.integers(1, 5), samples=st.integers(1, 2), outcomes=OUTCOMES, calls=CALLS, refused=st.booleans())
@example(5, 2, ["billed"], ["lost"], False)
def test_no_batch_job_and_no_call_after_it_pass_the_approved_worst_case(
    count: int, samples: int, outcomes: list[str], calls: list[str], refused: bool
) -> None:
    """Every record is billed at a token for each byte, and every call that reaches the model too."""
    chosen: dict[str, Any] = {"evaluation": {"samples": samples}, "inference": {"max_tokens": 7, "temperature": 0.5}}
    folder = prepared(count, folder=EndingFolder(), **chosen)
    approved, pinned = folder.load(Estimate), folder.manifest()
    jobs = Batches(folder, tuple(outcomes), refuses=AwsError("no") if refused else None)
    started(folder, jobs)
    started(folder, jobs)
    collected(folder, jobs)
    runtime = Runtime(calls, calls, pinned, True)
    folder.runtime = runtime  # type: ignore[attr-defined]
    attempt(lambda: ask(folder, pinned, runtime, 2), runtime, 9)
    by_call = (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT)
    in_batch = (CostItemId.BATCH_INPUT, CostItemId.BATCH_OUTPUT)
    for kind, called, batched in zip(("input", "output"), by_call, in_batch, strict=True):
        job, call = approved.find(batched, contestant="base"), approved.find(called)
        assert job and call and job.at_most is not None and call.at_most is not None
        # The ledger is told `most_used`.
        assert jobs.billed[kind] <= getattr(most_used(folder, "batch/base"), kind) <= job.at_most
        assert runtime.billed["base", kind] <= getattr(most_used(folder, "base"), kind) <= call.at_most


def test_the_estimate_has_half_the_price_and_a_smaller_worst_case() -> None:
    hurried, unhurried = (prepared(hurry=hurry).load(Estimate) for hurry in (True, False))
    assert not [item for item in hurried.items if item.id in BATCH]
    for call, batch in (
        (CostItemId.BASE_MODEL_INPUT, CostItemId.BATCH_INPUT),
        (CostItemId.BASE_MODEL_OUTPUT, CostItemId.BATCH_OUTPUT),
    ):
        full, half, rest = hurried.find(call), unhurried.find(batch, contestant="base"), unhurried.find(call)
        assert full and half and rest and full.usd and half.usd
        assert half.usd == pytest.approx(full.usd / 2)
        assert rest.quantity == 0
        assert rest.at_most_usd and half.at_most_usd and full.at_most_usd
        assert rest.at_most_usd + half.at_most_usd == pytest.approx(full.at_most_usd * 2.5 / 3)
    assert set(BATCH) <= set(METERED)


def test_a_batch_without_a_known_price_has_the_full_price() -> None:
    folder = prepared()
    plan, inputs = Plan.of(folder.manifest()), counted_sizes(folder, folder.manifest()).inputs
    known = [each for each in price_list(())._prices if not each.item.startswith("batch_")]
    made = estimate(
        plan, replace(inputs, batched=frozenset({"base"})), SpendingLimits(budget_usd=9), type(price_list(()))(known)
    )
    found = made.find(CostItemId.BATCH_INPUT, contestant="base")
    assert found
    assert found.unit_price_usd == 3.5e-8


def test_who_cannot_be_asked_in_batch_is_named_with_the_reason_before_any_spend() -> None:
    folder = prepared(3, minimum=100, compare_with=["base", "us.anthropic.claude-opus-5-5"])
    made = folder.load(Estimate)
    assert not [item for item in made.items if item.id in BATCH]
    few, unknown, _of_the_judge = made.warnings
    assert few.startswith("hurry: the base model is asked by calls, at the full price: a batch job of amazon.nova-")
    assert few.endswith(" has at least 100 records, and the run has 3.")
    assert "Service Quotas names no least number of records for batch jobs of us.anthropic.claude-opus-5-5" in unknown
    assert started(folder, Batches(folder)) == ()


def test_with_hurry_true_the_run_does_not_mention_batch_jobs() -> None:
    assert prepared(3, minimum=100, hurry=True).load(Estimate).warnings == ()


def test_the_names_of_a_runs_jobs_are_its_own() -> None:
    name = batch_name("tuner", RUN, 3)
    assert (name, without_suffix(name)) == (f"{NAME}-batch-3", NAME)
    assert name in run_names("tuner", RUN)


@pytest.mark.parametrize("shortest", [1, 30])
def test_no_settings_poll_a_batch_job_more_often_than_its_loop_allows(shortest: int) -> None:
    polling, waited, looks = Polling(shortest=shortest, longest=3600), 0, 0
    while waited < (BATCH_HOURS + 1) * 3600:
        waited, looks = waited + wait_seconds(BatchProgress("InProgress", waited), polling), looks + 1
    assert looks <= 30


def test_an_answer_by_a_call_is_written_as_before() -> None:
    assert "batch" not in Answer(id="1", answer="a").model_dump()
    assert Answer(id="1", answer="a", batch=True).model_dump()["batch"] is True
