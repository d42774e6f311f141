"""AWS bills no more of any item than the worst case of the estimate, and each item has a test that shows it.

Here: what is paid once or by the hour, and the test requests of the preflight. Calls that are metered have their own
tests.
"""

import datetime as dt
import importlib
import itertools
import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statemachine.retries import BUSY_ACCOUNT, NOT_READY, retriers
from tests.doubles import RUN, FakeEndpoints, MemoryFolder, manifest
from tests.examples import examples
from tests.unit.datasets.memory_files import MemorySink, jsonl
from tests.unit.generation.samples import source
from tests.unit.training.test_job import Jobs, starting
from tuner import catalog
from tuner.artifacts.costs.cost_items import OVERHEAD, CostItemId
from tuner.artifacts.costs.estimate import Estimate, SpendingLimits
from tuner.artifacts.manifest import Manifest
from tuner.artifacts.serving import EndpointRecord
from tuner.aws.bedrock import tool_call
from tuner.aws.bedrock.tool_call import Tool
from tuner.catalog.judges import InferenceConfig
from tuner.core.artifact_keys import Keys
from tuner.core.errors import AwsError, RetryableError, TunerError
from tuner.costs.cost_inputs import CostInputs, GenerationTokens, Plan, QuestionTokens, cost_inputs
from tuner.costs.estimate import estimate
from tuner.costs.judge_usage import MOST_PREFLIGHTS, MOST_TEST_TOKENS, TEST_REPLY_TOKENS
from tuner.datasets import prepare
from tuner.evaluation.judging.scorer_check import check_scorer
from tuner.preflight import check_compared, check_judge
from tuner.serving.keep_endpoint import keep_endpoint
from tuner.serving.release_schedule import ReleaseSchedule
from tuner.settings import RunSettings
from tuner.settings.run.contestants import MOST_COMPARED

_METERED = "tests.unit.costs.test_spending_is_bounded:test_no_run_spends_more_than_its_approved_worst_case"
_GENERATED = "tests.unit.generation.test_generate_step:test_no_generation_takes_more_than_its_plan"
_BATCH = (
    "tests.unit.serving.batch.test_batch_answers:test_no_batch_job_and_no_call_after_it_pass_the_approved_worst_case"
)
_JUDGE_BATCH = (
    "tests.unit.evaluation.grading.test_judge_batches:"
    "test_no_job_of_a_judge_and_no_call_after_it_pass_the_approved_worst_case"
)
_HERE = __name__
PROOFS: Mapping[CostItemId, str] = {
    CostItemId.GENERATION_INPUT: _GENERATED,
    CostItemId.GENERATION_OUTPUT: _GENERATED,
    CostItemId.TRAINING: f"{_HERE}:test_training_is_paid_once_for_at_most_a_token_of_each_byte_and_epoch",
    CostItemId.CUSTOM_MODEL_STORAGE: f"{_HERE}:test_the_items_of_storage_say_that_they_hold_one_month",
    CostItemId.BASE_MODEL_INPUT: _METERED,
    CostItemId.BASE_MODEL_OUTPUT: _METERED,
    CostItemId.TUNED_MODEL_INPUT: _METERED,
    CostItemId.TUNED_MODEL_OUTPUT: _METERED,
    CostItemId.COMPARED_INPUT: _METERED,
    CostItemId.COMPARED_OUTPUT: _METERED,
    CostItemId.BATCH_INPUT: _BATCH,
    CostItemId.BATCH_OUTPUT: _BATCH,
    CostItemId.THROUGHPUT: f"{_HERE}:test_throughput_is_paid_until_the_release_schedule_at_most",
    CostItemId.KEPT_THROUGHPUT: f"{_HERE}:test_throughput_is_paid_until_the_release_schedule_at_most",
    CostItemId.ONE_MONTH_COMMITMENT: f"{_HERE}:test_a_commitment_is_paid_for_the_longest_months",
    CostItemId.SIX_MONTHS_COMMITMENT: f"{_HERE}:test_a_commitment_is_paid_for_the_longest_months",
    CostItemId.JUDGE_TEST: f"{_HERE}:test_the_preflight_asks_a_judge_no_more_than_its_item_holds",
    CostItemId.JUDGE_INPUT: _METERED,
    CostItemId.JUDGE_OUTPUT: _METERED,
    CostItemId.JUDGE_BATCH_INPUT: _JUDGE_BATCH,
    CostItemId.JUDGE_BATCH_OUTPUT: _JUDGE_BATCH,
    CostItemId.SCORER_TEST: f"{_HERE}:test_the_preflight_calls_a_scorer_no_more_than_its_item_holds",
    CostItemId.SCORER_CALLS: "tests.unit.costs.test_spending_is_bounded:test_no_scorer_is_called_more_than_approved",
}
"""By item, the test that shows its worst case. Only the cents of the pipeline itself are an assumption."""
NOVA, NOVA_2 = "amazon.nova-micro-v1:0:128k", "amazon.nova-2-lite-v1:0:256k"
JUDGES = sorted(judge.id for judge in catalog.judges())
QUESTIONS = QuestionTokens(8, 80, 400, 800, 4000)
CREATED = dt.datetime(2026, 11, 23, 8, tzinfo=dt.UTC)


def made(longest: float = 2, model: str = NOVA_2, inputs: CostInputs | None = None, **settings: object) -> Estimate:
    given = inputs or CostInputs(
        9_210,
        QUESTIONS,
        30_000,
        GenerationTokens("amazon.nova-pro-v1:0", 100, 200, 1000, 2000),
        most_training_tokens=30_000,
    )
    return estimate_of(manifest(model, **settings), given, longest)


def estimate_of(run: Manifest, inputs: CostInputs, longest: float = 2) -> Estimate:
    return estimate(Plan.of(run), inputs, SpendingLimits(budget_usd=500, longest_throughput_hours=longest))


def most(found: Estimate, item: CostItemId) -> float:
    entry = found.find(item)
    return 0 if entry is None else entry.at_most or 0


def every_estimate() -> list[Estimate]:
    scorer = {"name": "own"}
    return [
        made(serving="provisioned", keep_hours=2, commitment="OneMonth", scorer=scorer),
        made(serving="provisioned", commitment="SixMonths"),
        made(serving="on_demand", compare_with=["base", "few_shot"]),
        made(serving="on_demand", hurry=False, inputs=CostInputs(9, QUESTIONS, batched=frozenset({"base"}))),
        made(hurry=False, inputs=CostInputs(9, QUESTIONS, batched_judges=frozenset({manifest().judge_model}))),
    ]


def test_every_item_has_a_worst_case_and_a_test_of_it() -> None:
    assert set(PROOFS) | OVERHEAD == set(CostItemId) - {CostItemId.OTHER}
    for proof in set(PROOFS.values()):
        module, _, name = proof.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), proof
    items = [item for found in every_estimate() for item in found.items]
    assert {item.id for item in items} == set(CostItemId) - {CostItemId.OTHER}
    for item in items:
        assert item.at_most is not None and item.quantity is not None, item.id
        assert item.at_most >= item.quantity, item.id
        assert (item.at_most_usd is None) is (item.unit_price_usd is None), item.id


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(str.strip)


@pytest.mark.slow
@settings(max_examples=examples(15))
@given(
    pairs=st.lists(st.tuples(TEXTS, TEXTS), min_size=8, max_size=12, unique=True),
    epochs=st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True),
    attempts=st.integers(1, 12),
)
def test_training_is_paid_once_for_at_most_a_token_of_each_byte_and_epoch(
    pairs: list[tuple[str, str]], epochs: list[int], attempts: int
) -> None:
    """A job reads the file that the request names, as often as the request says."""
    if len(epochs) > 1:
        run = manifest(NOVA, candidates=[{"hyperparameters": {"epochCount": epochs}}])
    else:
        run = manifest(NOVA, hyperparameters={"epochCount": epochs[0]})
    folder, sinks = MemoryFolder(), dict[str, MemorySink]()
    data = source(jsonl([{"question": question, "answer": answer} for question, answer in pairs]), "training.jsonl")
    model = catalog.model(run.base_model)
    summary = prepare(
        {"training": data}, run.settings, model, lambda name: sinks.setdefault(name, MemorySink())
    ).summary
    for name, sink in sinks.items():
        folder.write(name, sink.committed or b"")
    folder.save(summary)
    billed = 0
    for customization in run.customizations:
        jobs = Jobs()
        for _ in range(attempts):
            starting(jobs).start(folder, customization)
        (request,) = jobs.created
        billed += len(folder.read(Keys.TRAINING)) * int(request.hyperparameters["epochCount"])
    found = estimate(Plan.of(run), cost_inputs(summary, [], Plan.of(run)), SpendingLimits(budget_usd=500))
    assert billed <= most(found, CostItemId.TRAINING)


class Clock:
    """The schedule of a run, which fires when it says."""

    def __init__(self) -> None:
        self.at = CREATED

    def create(self, name: str, at: dt.datetime, *_: object) -> dt.datetime:
        self.at = at
        return at

    move = create


@given(
    longest=st.floats(0.1, 48),
    keeps=st.floats(0, 720),
    decided_after=st.floats(0, 1),
    deleted_after=st.floats(0, 59),
    units=st.integers(1, 4),
)
def test_throughput_is_paid_until_the_release_schedule_at_most(
    longest: float, keeps: float, decided_after: float, deleted_after: float, units: int
) -> None:
    """AWS bills begun hours, from the purchase to the deletion, which the schedule and the next sweep ask for."""
    clock, folder, endpoints = Clock(), MemoryFolder(), FakeEndpoints()
    schedule = ReleaseSchedule(clock, "tuner", RUN, "function", "role")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuner.serving.release_schedule.now", lambda: CREATED)
        schedule.arm(longest)
    if keeps:
        folder.save(EndpointRecord(kind="provisioned", arn=endpoints.add(), name="n", created_at=CREATED.isoformat()))
        # The gate decides while the endpoint exists, so before the schedule fires.
        decided = CREATED + dt.timedelta(hours=longest * decided_after)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tuner.serving.keep_endpoint.now", lambda: decided)
            keep_endpoint(endpoints, folder, schedule, keeps)
    deleted = clock.at + dt.timedelta(minutes=deleted_after)
    hours = math.ceil((deleted - CREATED).total_seconds() / 3600)
    found = made(longest, serving="provisioned", keep_hours=keeps, model_units=units)
    allowed = most(found, CostItemId.THROUGHPUT) + most(found, CostItemId.KEPT_THROUGHPUT)
    assert units * hours <= allowed


@pytest.mark.parametrize(("term", "days"), [("OneMonth", 31), ("SixMonths", 184)])
def test_a_commitment_is_paid_for_the_longest_months(term: str, days: int) -> None:
    """By the hour, to its end: from July to December there are 184 days."""
    found = made(serving="provisioned", model_units=2, commitment=term)
    item = CostItemId.ONE_MONTH_COMMITMENT if term == "OneMonth" else CostItemId.SIX_MONTHS_COMMITMENT
    assert 2 * days * 24 <= most(found, item)


def test_the_items_of_storage_say_that_they_hold_one_month() -> None:
    """Nobody knows when the model is deleted, so no sum can have all its months: the estimate says which it has."""
    found = made(serving="on_demand")
    for item in (CostItemId.CUSTOM_MODEL_STORAGE, CostItemId.S3_STORAGE):
        entry = found.find(item)
        assert entry
        assert entry.unit
        assert entry.unit.endswith(" for the first month only")
    assert most(found, CostItemId.CUSTOM_MODEL_STORAGE) == 1


def test_the_preflight_runs_no_more_often_than_the_estimate_assumes() -> None:
    rejected = (NOT_READY, BUSY_ACCOUNT)  # before the function runs
    retries = [each.attempts for each in retriers("Check that the account is ready") if each not in rejected]
    assert 1 + sum(retries) == MOST_PREFLIGHTS


@pytest.mark.parametrize("judge", JUDGES)
def test_the_preflight_asks_a_judge_no_more_than_its_item_holds(judge: str) -> None:
    asked: list[tuple[int, int]] = []

    def loses(model: str, system: str, text: str, tool: Tool, inference: InferenceConfig) -> object:
        asked.append((tool_call.most_input_tokens(model, system, text, tool), int(inference["maxTokens"])))
        raise RetryableError("no reply")

    for _ in range(MOST_PREFLIGHTS):
        with pytest.raises(TunerError):
            check_judge(loses, judge)
    found = made(serving="on_demand", judge={"model": judge}).find(CostItemId.JUDGE_TEST)
    assert found
    assert found.at_most is not None
    assert len(asked) <= found.at_most
    read, written = max(asked)
    assert read <= MOST_TEST_TOKENS
    assert written <= TEST_REPLY_TOKENS + catalog.judge_or_assumed(judge).reasoning_tokens


def test_the_preflight_asks_each_other_model_no_more_than_its_item_holds() -> None:
    run = manifest(NOVA, serving="on_demand", compare_with=["us.meta.llama3-3-70b-instruct-v1:0"])
    asked: list[str] = []
    check_compared(lambda model, *_: asked.append(model), lambda _: None, run)
    tests = [
        item
        for item in estimate_of(run, CostInputs(9_210, QUESTIONS)).items
        if item.id == CostItemId.JUDGE_TEST and item.contestant
    ]
    assert [item.at_most for item in tests] == [MOST_PREFLIGHTS * len(asked)] == [MOST_PREFLIGHTS]


def test_the_preflight_asks_a_model_with_several_names_once() -> None:
    """Nobody has approved anything by then, so run.yaml must not multiply the test requests."""
    model = "us.meta.llama3-3-70b-instruct-v1:0"
    names = [f"m{number}" for number in range(MOST_COMPARED)]
    run = manifest(NOVA, serving="on_demand", compare_with=[{"model": model, "name": name} for name in names])
    asked: list[str] = []
    check_compared(lambda model, *_: asked.append(model), lambda _: None, run)
    assert asked == [model]


def test_the_test_of_a_judge_has_the_price_of_its_largest_request() -> None:
    found = made(serving="on_demand", judge={"model": "us.amazon.nova-pro-v1:0"})
    test, reading, writing = (
        found.find(item) for item in (CostItemId.JUDGE_TEST, CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT)
    )
    assert test and reading and writing and reading.unit_price_usd and writing.unit_price_usd
    price = MOST_TEST_TOKENS * reading.unit_price_usd + TEST_REPLY_TOKENS * writing.unit_price_usd
    assert test.unit_price_usd == pytest.approx(price)


@pytest.mark.parametrize("seconds", [1, 90, 180])
def test_the_preflight_calls_a_scorer_no_more_than_its_item_holds(seconds: float) -> None:
    settings = RunSettings(serving="on_demand", scorer={"name": "own", "seconds": seconds})
    calls = itertools.count()

    def fails(*_: object) -> None:
        next(calls)
        raise AwsError("The scorer failed")

    for _ in range(MOST_PREFLIGHTS):
        with pytest.raises(TunerError):
            check_scorer("function", settings, fails)
    assert next(calls) <= most(made(serving="on_demand", scorer={"name": "own"}), CostItemId.SCORER_TEST)
