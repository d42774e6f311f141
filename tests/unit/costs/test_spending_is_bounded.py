"""No run spends more tokens than its approved worst case, whatever the models answer and whenever a function ends.

`Runtime` is Bedrock at its worst: it bills every call that reaches a model, at a token for each byte and the longest
reply. It says what it used or nothing, and answers with something that cannot be used, or not at all.
"""

import itertools
import json
import threading
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.doubles import MemoryFolder, approve, manifest, stored_json, write_lines
from tests.examples import examples
from tuner import catalog
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.token_reservation import Reservation, judge_payer
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.contestants import BEST, MAIN, Contestant
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.converse import ConverseClient
from tuner.aws.s3.guard_questions import save_guard_questions
from tuner.core.artifact_keys import Keys
from tuner.core.concurrency_limiter import ConcurrencyLimiter
from tuner.core.errors import AwsError, RetryableError, SpendingLimitError, ThrottledError, TunerError
from tuner.core.strict_model import Json
from tuner.costs.allotments import Allotments
from tuner.costs.judge_usage import MOST_PREFLIGHTS
from tuner.costs.meter import Tokens, most_used
from tuner.evaluation.grading.shards import Shards
from tuner.evaluation.judging.judge import Judge
from tuner.evaluation.judging.scoring_function import ScoringFunction
from tuner.serving.inference import GuardShard, Inference, Shard
from tuner.settings import RunSettings

TUNED_ENDPOINT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/x"
MODELS = ["amazon.nova-micro-v1:0:128k", "anthropic.claude-3-haiku-20240307-v1:0:200k"]
JUDGES = ["us.anthropic.claude-sonnet-4-6", "us.amazon.nova-pro-v1:0", "openai.gpt-oss-120b-1:0"]
# What vendors add to a request with a tool, and their chat templates to a text.
TOOL_TOKENS, TEMPLATE_TOKENS = 804, 32
COMPARED = (CostItemId.COMPARED_INPUT, CostItemId.COMPARED_OUTPUT)
ITEMS = {
    "base": (CostItemId.BASE_MODEL_INPUT, CostItemId.BASE_MODEL_OUTPUT),
    "tuned": (CostItemId.TUNED_MODEL_INPUT, CostItemId.TUNED_MODEL_OUTPUT),
    "judge": (CostItemId.JUDGE_INPUT, CostItemId.JUDGE_OUTPUT),
}


class Killed(BaseException):
    """The function ended: it can write nothing any more."""


class Runtime:
    """Converse, which does what `outcomes` and, for the judge, `judged` say, in a circle."""

    def __init__(self, outcomes: list[str], judged: list[str], pinned: Manifest, counts: bool) -> None:
        self.counts = counts
        answers = itertools.cycle(outcomes)
        judges = {model: judge_payer(place) for place, model in enumerate(pinned.judge_models)}
        replies = dict.fromkeys(judges.values(), itertools.cycle(judged))
        self.outcomes = {**dict.fromkeys(pinned.contestant_names, answers), **replies}
        self.judges = judges
        self.answering = "base"
        """Whose answers are asked for: several contestants ask one model."""
        self.billed: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()
        self.killed = False

    def converse(self, **request: Any) -> dict[str, Any]:
        with self.lock:
            payer = self.judges.get(request["modelId"], self.answering)
            return self._answer(payer, next(self.outcomes[payer]), request)

    def _answer(self, payer: str, outcome: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.killed:
            raise Killed
        if outcome == "throttled":
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Converse")
        if outcome == "unavailable":
            raise ClientError({"Error": {"Code": "ServiceUnavailableException"}}, "Converse")
        most = request["inferenceConfig"]["maxTokens"]
        self.billed[payer, "input"] += tokens_of(request)
        self.billed[payer, "output"] += most
        if outcome == "killed":
            self.killed = True
            raise Killed
        if outcome == "lost":
            raise ReadTimeoutError(endpoint_url="bedrock-runtime")
        if outcome == "failed":
            raise ClientError({"Error": {"Code": "InternalServerException"}}, "Converse")
        text = {"malformed": '{"score": 11}', "endless": "& " * 4 * most, "empty": ""}[outcome]
        return {
            "output": {"message": {"content": [{"text": text}]}},
            "stopReason": "max_tokens",
            "usage": {"inputTokens": self.counts * tokens_of(request), "outputTokens": self.counts * most},
            "metrics": {"latencyMs": 1},
        }


def tokens_of(request: dict[str, Any]) -> int:
    """A token for each byte of everything that a model reads of a request, and what templates add."""
    texts = [block["text"] for part in request["messages"] for block in part["content"]]
    texts += [block["text"] for block in request.get("system", [])]
    tools = [each["toolSpec"] for each in request.get("toolConfig", {}).get("tools", [])]
    texts += [json.dumps(tool, ensure_ascii=False) for tool in tools]
    more = TOOL_TOKENS if tools else 0
    return sum(len(text.encode()) + (TEMPLATE_TOKENS if not tools else 0) for text in texts) + more


class EndingFolder(MemoryFolder):
    """The run's folder: a killed function writes nothing."""

    runtime: Runtime

    def write(self, name: str, data: bytes) -> str:
        if hasattr(self, "runtime") and self.runtime.killed:
            raise Killed
        return super().write(name, data)


class NoEncoder:
    identity = "none"


TEXTS = st.sampled_from(["?", "How?", "<&>" * 60, "日本語の質問ですか。" * 9, "😀" * 50, "word " * 80])
OUTCOMES = ["malformed", "endless", "empty", "throttled", "unavailable", "lost", "failed", "killed"]
# One of them reasons before it answers.
OTHERS = ["us.meta.llama3-3-70b-instruct-v1:0", "us.anthropic.claude-opus-5-5"]
SETTINGS = st.fixed_dictionaries(
    {
        "serving": st.sampled_from(["provisioned", "on_demand"]),
        "compare_with": st.lists(
            st.sampled_from([*OTHERS, "few_shot", "retrieval", "retrieval_tuned", "best"]), max_size=3, unique=True
        ),
        "system_prompt": st.none() | TEXTS,
        "inference": st.fixed_dictionaries({"max_tokens": st.integers(1, 40), "temperature": st.just(0.5)}),
        "judge": st.fixed_dictionaries(
            {
                "models": st.lists(st.sampled_from(JUDGES), min_size=1, max_size=2, unique=True),
                "max_tokens": st.integers(64, 200),
                "attempts": st.integers(1, 10),
            }
        ),
        "evaluation": st.fixed_dictionaries(
            {
                "metrics": st.sampled_from([["correctness"], ["preference"], ["correctness", "preference"]]),
                "samples": st.integers(1, 3),
                "guard": st.integers(0, 2),
            }
        ),
    }
)


ORDINARY = {"serving": "on_demand", "evaluation": {"metrics": ["correctness", "preference"]}}
GUARDED = {
    "serving": "on_demand",
    "compare_with": ["best", "retrieval_tuned"],
    "inference": {"max_tokens": 1},
    "evaluation": {"metrics": ["correctness"], "guard": 3},
}


def run(pinned: Manifest, folder: EndingFolder, runtime: Runtime, size: int, invocations: int) -> None:
    """The states that answer and score, with as many attempts as there are `invocations`."""
    ids = [each["id"] for each in map(json.loads, folder.read(Keys.EVALUATION).splitlines())]
    shards = -(-len(ids) // size)
    for contestant in pinned.contestants:
        if contestant.kind == BEST:
            # Stored answers of an earlier run, which may be longer than those of this one.
            for shard in range(shards):
                samples = pinned.settings.evaluation.samples
                stored = itertools.product(ids[shard * size : (shard + 1) * size], range(samples))
                answers = [{"id": each, "answer": "& " * 900, "sample": number} for each, number in stored]
                write_lines(folder, Keys.answers(BEST, shard), answers)
            continue
        runtime.answering = contestant.name
        endpoint = TUNED_ENDPOINT if contestant.asks_tuned else contestant.model or pinned.base_endpoint

        def answer(contestant: Contestant = contestant, endpoint: str = endpoint) -> None:
            meter_of = Allotments.of(folder, pinned).answers
            asked = pinned.for_contestant(contestant)
            inference = Inference(ConverseClient(runtime), endpoint, asked, 3, meter_of, sleep=lambda _: None)
            samples = pinned.settings.evaluation.samples
            inference.run(*(Shard(folder, contestant, number, size, samples) for number in range(shards)))
            if pinned.asks_guard and contestant.name in MAIN:
                guard = Allotments.of(folder, pinned).guard
                inference.run_guard(GuardShard.of(folder, contestant), guard, inference.clock())

        attempt(answer, runtime, invocations)
    for shard in range(shards):

        def score(shard: int = shard) -> None:
            found = Shards(folder, size, NoEncoder())  # type: ignore[arg-type]
            found.graded(shard, found.items_of(shard))

        attempt(score, runtime, invocations)


def attempt(step: Any, runtime: Runtime, times: int) -> None:
    for _ in range(times):
        runtime.killed = False
        try:
            step()
        except (TunerError, Killed):
            continue
        return
    runtime.killed = False


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.evaluation.grading.shards.Judge", partial(Judge, sleep=lambda _: None))
    limiter = partial(ConcurrencyLimiter, sleep=lambda _: None)
    monkeypatch.setattr("tuner.evaluation.grading.shards.ConcurrencyLimiter", lambda _: limiter(2))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(12))
@given(
    model=st.sampled_from(MODELS),
    asked=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3),
    chosen=SETTINGS,
    outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12),
    judged=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12),
    size=st.integers(1, 3),
    counts=st.booleans(),
)
@example(MODELS[0], [("How?", "So.")] * 3, ORDINARY, ["lost"], ["lost"], 3, False)
@example(MODELS[0], [("How?", "So.")] * 3, ORDINARY, ["malformed"], ["malformed"], 3, True)
@example(MODELS[0], [("How?", "So.")] * 3, ORDINARY, ["endless", "killed"], ["failed"], 1, True)
@example(MODELS[0], [("How?", "So.")] * 3, {**ORDINARY, "compare_with": OTHERS}, ["lost"], ["empty"], 3, False)
@example(MODELS[0], [("How?", "So.")] * 3, GUARDED, ["endless", "lost"], ["malformed"], 2, True)
def test_no_run_spends_more_than_its_approved_worst_case(
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    asked: list[tuple[str, str]],
    chosen: dict[str, Any],
    outcomes: list[str],
    judged: list[str],
    size: int,
    counts: bool,
) -> None:
    pinned = manifest(model, **chosen)
    runtime, folder = Runtime(outcomes, judged, pinned, counts), EndingFolder()
    folder.save(pinned)
    questions = [{"id": str(n), "question": each[0], "reference": each[1]} for n, each in enumerate(asked)]
    write_lines(folder, Keys.EVALUATION, questions)
    for name in ("few_shot", "retrieval", "retrieval_tuned"):
        contexts = [context_of(name, number, *each) for number, each in enumerate(asked)]
        write_lines(folder, Keys.contexts(name), contexts)
    save_guard_questions(folder, pinned.settings.evaluation)
    approved = approve(folder)
    folder.runtime = runtime
    monkeypatch.setattr("tuner.aws.bedrock.tool_call.client", lambda *_, **__: runtime)
    run(pinned, folder, runtime, size, invocations=9)
    several = len(pinned.judge_models) > 1
    judges = {judge_payer(place): model if several else None for place, model in enumerate(pinned.judge_models)}
    others = {each.name for each in pinned.contestants if each.name not in MAIN}
    for payer in (*pinned.contestant_names, *judges):
        who = next((each for each in pinned.contestants if each.name == payer), None)
        if who and who.kind == BEST:
            assert not runtime.billed[payer, "input"]
            continue
        if who and who.asks_tuned and pinned.settings.serving == "provisioned":
            continue  # paid for by the hour
        # With the guard questions, whose reservations are in a folder below.
        most = most_used(folder, payer)
        reserved = [stored_json(folder, name) for name in folder.list(Reservation.folder(payer))]
        items = COMPARED if payer in others else ITEMS[payer.partition("-")[0]]
        for item, kind in zip(items, ("input", "output"), strict=True):
            found = approved.find(item, judges.get(payer), payer if payer in others else None)
            assert found
            assert found.at_most is not None
            # The ledger is told `most_used`.
            assert runtime.billed[payer, kind] <= getattr(most, kind)
            assert getattr(most, kind) <= sum(each[f"{kind}_tokens"] for each in reserved) <= found.at_most


def context_of(name: str, number: int, question: str, answer: str) -> dict[str, Any]:
    """A context with one example or passage, which says the same as the question."""
    if name != "few_shot":
        return {"id": str(number), "passages": [{"source": "a.txt", "text": f"{question} {answer}"}]}
    turns = [{"role": "user", "text": question}, {"role": "assistant", "text": answer}]
    return {"id": str(number), "examples": [{"record": 1, "turns": turns}]}


class ScorerAtItsWorst:
    """A scorer that never gives a usable score. `paid` are the calls that AWS bills: the function began to work."""

    def __init__(self, outcomes: list[str]) -> None:
        self.outcomes = itertools.cycle(outcomes)
        self.paid = 0
        self.killed = False
        self.lock = threading.Lock()

    def __call__(self, *_: object) -> Json:
        with self.lock:
            if self.killed:
                raise Killed
            outcome = next(self.outcomes)
            if outcome == "throttled":
                raise ThrottledError("too many requests")
            self.paid += 1
            if outcome == "killed":
                self.killed = True
                raise Killed
            if outcome == "failed":
                raise AwsError("The scorer failed")
            if outcome == "lost":
                raise RetryableError("no reply")
            return {"score": 1}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(12))
@given(
    count=st.integers(1, 7),
    size=st.integers(1, 7),
    samples=st.integers(1, 3),
    batch=st.integers(1, 4),
    outcomes=st.lists(st.sampled_from(["unusable", "failed", "lost", "throttled", "killed"]), min_size=1, max_size=8),
)
@example(7, 7, 1, 4, ["failed"])
@example(7, 2, 3, 1, ["lost", "killed"])
def test_no_scorer_is_called_more_than_approved(
    monkeypatch: pytest.MonkeyPatch, count: int, size: int, samples: int, batch: int, outcomes: list[str]
) -> None:
    own = {"name": "own", "batch": batch}
    evaluation, sampled = {"metrics": ["exact_match"], "samples": samples}, {"temperature": 0.5}
    pinned = manifest(serving="on_demand", scorer=own, evaluation=evaluation, inference=sampled)
    pinned = pinned.model_copy(update={"scorer_function": "arn:aws:lambda:us-east-1:111122223333:function:own"})
    folder, scorer = EndingFolder(), ScorerAtItsWorst(outcomes)
    folder.save(pinned)
    ids = list(map(str, range(count)))
    write_lines(folder, Keys.EVALUATION, [{"id": each, "question": "q", "reference": "r"} for each in ids])
    for name in pinned.contestant_names:
        numbers = range(samples) if samples > 1 else [None]
        given = [{"id": each, "answer": "a", "sample": number} for each in ids for number in numbers]
        write_lines(folder, Keys.answers(name, 0), given)
    approved = approve(folder, shard_size=size * samples).find(CostItemId.SCORER_CALLS)
    worst = partial(ScoringFunction, call=scorer, sleep=lambda _: None)
    monkeypatch.setattr("tuner.evaluation.grading.shards.ScoringFunction", worst)
    for shard, _ in itertools.product(range(-(-count // size)), range(MOST_PREFLIGHTS)):
        scorer.killed = False
        found = Shards(folder, size, NoEncoder())  # type: ignore[arg-type]
        with suppress(Killed, TunerError):
            found.graded(shard, found.items_of(shard))
    assert approved
    assert approved.at_most is not None
    assert scorer.paid <= most_used(folder, "scorer").input <= approved.at_most


def test_models_of_every_kind_of_request_are_among_the_judges() -> None:
    assert {catalog.judge_or_assumed(judge).forced_tool for judge in JUDGES} == {True, False}


def test_settings_that_allow_more_than_was_approved_pay_for_nothing() -> None:
    folder, pinned = EndingFolder(), manifest(serving="on_demand")
    folder.save(pinned)
    write_lines(folder, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    approve(folder)
    more = pinned.model_copy(update={"settings": RunSettings(serving="on_demand", inference={"max_tokens": 513})})
    for pay in (lambda each: each.answers("base", 0, []), lambda each: each.judge(0, [])):
        pay(Allotments.of(folder, pinned))
        with pytest.raises(SpendingLimitError, match=r"estimate\.json allows .* Run again"):
            pay(Allotments.of(folder, more))


def test_judges_do_not_take_from_each_others_allotments() -> None:
    folder, pinned = EndingFolder(), manifest(judge={"models": JUDGES})
    folder.save(pinned)
    write_lines(folder, Keys.EVALUATION, [{"id": "1", "question": "q", "reference": "r"}])
    approve(folder)
    allotments = Allotments.of(folder, pinned)
    for place in range(len(JUDGES)):
        meter = allotments.judge(0, questions_of(folder), place)
        with meter, meter.call(Tokens(1_000, 500)):
            pass
    assert len(folder.list("scores/verdicts/reserved")) == len(JUDGES)


def questions_of(folder: EndingFolder) -> list[EvaluationQuestion]:
    return list(folder.load_records(Keys.EVALUATION, EvaluationQuestion))
