"""A scorer of the deployer's own: what is sent, what is accepted, and what is said about the rest."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tuner.artifacts.dataset import EvaluationQuestion, Message
from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.artifacts.evaluation.scores import Scores
from tuner.aws import scoring_functions
from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, SettingsError
from tuner.evaluation.gate.rules import GateComparisons, decide_gate
from tuner.evaluation.grading.graded_items import GradedItem
from tuner.evaluation.grading.grades import Graded, grade, merged
from tuner.evaluation.judging.scoring_function import Scored, ScoringFunction, ToScore
from tuner.evaluation.metrics import ScoringContext, chosen
from tuner.evaluation.review.human_scores import with_people
from tuner.evaluation.run_comparison import compare_runs
from tuner.evaluation.scores import facts_of_scorer, summarize
from tuner.settings import RunSettings, load
from tuner.settings.run.scorer import ScorerSettings

Reply = Callable[[list[dict[str, Any]]], Any]
SETTINGS = ScorerSettings(name="check", batch=2)


class Function:
    """A Lambda function: `reply` makes the answer to a list. `calls` has the ids of each call."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.calls: list[list[str]] = []
        self.payloads: list[Any] = []

    def __call__(self, function: str, payload: Any, seconds: float) -> Any:
        json.dumps(payload)
        self.calls.append([entry["id"] for entry in payload])
        self.payloads.append(payload)
        made = self.reply(payload)
        if isinstance(made, Exception):
            raise made
        return made

    def scorer(self, settings: ScorerSettings = SETTINGS, **more: Any) -> ScoringFunction:
        return ScoringFunction("arn:f", settings, self, lambda _: None, **more)


def by_length(payload: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": entry["id"],
            "aggregate_reward_score": len(entry["messages"][-1]["content"]) / 10,
            "metrics_list": [{"name": "letters", "value": len(entry["messages"][-1]["content"]), "type": "Metric"}],
        }
        for entry in payload
    ]


def answers(count: int = 3) -> list[ToScore]:
    turns = (Message(role="user", text="How much?"),)
    return [ToScore(f"q{at}", turns, "x" * (at + 1), "twelve", "Be short.") for at in range(count)]


def test_the_function_gets_the_form_of_aws_reward_functions() -> None:
    function = Function(by_length)
    found = function.scorer().score(answers())
    assert sorted(function.calls) == [["q0", "q1"], ["q2"]]
    assert function.payloads[function.calls.index(["q2"])] == [
        {
            "id": "q2",
            "messages": [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": "How much?"},
                {"role": "assistant", "content": "xxx"},
            ],
            "reference_answer": "twelve",
            "metadata": {"reference_answer": "twelve"},
        }
    ]
    assert found == [Scored((at + 1) / 10, {"letters": at + 1.0}) for at in range(3)]


def test_each_of_several_answers_to_a_question_is_scored_by_itself() -> None:
    function = Function(by_length)
    both = {BASE: "x", TUNED: "xx"}
    sample = GradedItem("q", "How much?", "twelve", both, more=({BASE: "xxx", TUNED: "xxxx"},))
    record = grade([sample], chosen(["scorer"]), ScoringContext(scorer=function.scorer())).records[0]
    assert [each.measures["scorer"] for each in record.tuned.repeats] == [0.2, 0.4]
    assert sorted(function.calls) == [["q", "q#1"]] * 2


def one(**members: Any) -> Reply:
    return lambda payload: [{"id": payload[0]["id"], "aggregate_reward_score": 0.5, **members}]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (lambda _: {"statusCode": 200, "body": "[]"}, "returned an HTTP response"),
        (lambda _: {"score": 1}, "returned an object, not a list"),
        (lambda _: None, "returned nothing, not a list"),
        (lambda _: [1], "an entry without 'id'"),
        (lambda _: [{"id": "other", "aggregate_reward_score": 1}], "the id 'other', which was not asked for"),
        (lambda p: [*one()(p), *one()(p)], "the id 'q0' twice"),
        (lambda _: [], "no entry for this id"),
        (one(aggregate_reward_score=None), "returned no aggregate_reward_score"),
        (one(aggregate_reward_score="0.5"), "a text as aggregate_reward_score"),
        (one(aggregate_reward_score=True), "true or false as aggregate_reward_score"),
        (one(aggregate_reward_score=float("nan")), "nan as aggregate_reward_score, which is not a finite number"),
        (one(aggregate_reward_score=1.5), "1.5, which is not within scorer.range (0 to 1)"),
        (one(aggregate_reward_score=-0.1), "not within scorer.range"),
        (one(metrics_list={"a": 1}), "an object as metrics_list"),
        (one(metrics_list=[{"value": 1}]), "metrics_list without a 'name'"),
        (one(metrics_list=[{"name": "a", "value": float("inf")}]), "inf as metrics_list value 'a'"),
        (lambda _: AwsError("The scorer arn:f failed: KeyError: 'x'."), "failed: KeyError"),
        (lambda _: RetryableError("Could not call the scorer arn:f: no answer."), "no answer"),
        (lambda _: AccessDeniedError("Could not call the scorer arn:f: denied."), "denied"),
    ],
)
def test_an_unusable_reply_is_asked_for_again_and_then_explained(reply: Reply, problem: str) -> None:
    function = Function(reply)
    [found] = function.scorer().score(answers(1))
    assert found.score is None
    assert problem in found.problem
    assert function.calls == [["q0"]] * 3


def test_only_the_answers_without_a_score_are_asked_for_again() -> None:
    def reply(payload: list[dict[str, Any]]) -> Any:
        made = by_length(payload)
        return made[:1] if len(payload) == 2 else made

    function = Function(reply)
    found = function.scorer().score(answers(2))
    assert [scored.score for scored in found] == [0.1, 0.2]
    assert function.calls == [["q0", "q1"], ["q1"]]


def test_a_number_as_id_is_the_same_id_as_its_text() -> None:
    function = Function(lambda payload: [{"id": 7, "aggregate_reward_score": 1}])
    turns = (Message(role="user", text="?"),)
    assert function.scorer().score([ToScore("7", turns, "a", "b")]) == [Scored(1.0)]


def test_after_the_deadline_nothing_is_asked() -> None:
    function = Function(by_length)
    [found] = function.scorer(until=time.monotonic() - 1).score(answers(1))
    assert "no time was left" in found.problem
    assert function.calls == []


class FakeLambda:
    def __init__(self, payload: bytes, error: str = "") -> None:
        self.answer = {"Payload": io.BytesIO(payload)} | ({"FunctionError": error} if error else {})
        self.called: dict[str, Any] = {}

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.called = call
        return self.answer


def call(monkeypatch: pytest.MonkeyPatch, api: Any, function: str = "check") -> Any:
    clients: list[Any] = []
    monkeypatch.setattr(scoring_functions, "client", lambda *a, **k: clients.append((a, k)) or api)
    found = scoring_functions.call_function(function, [{"id": "q"}], 30)
    assert clients[0][1] == {"attempts": 1, "seconds": 30}
    return found, clients[0][0]


def test_the_function_is_called_in_the_region_of_its_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeLambda(b'[{"id": "q"}]')
    arn = "arn:aws:lambda:eu-west-1:111122223333:function:check"
    assert call(monkeypatch, api, arn) == ([{"id": "q"}], ("lambda", "eu-west-1"))
    assert api.called == {"FunctionName": arn, "Payload": b'[{"id": "q"}]'}
    assert call(monkeypatch, FakeLambda(b"[]"))[1] == ("lambda", None)


@pytest.mark.parametrize(
    ("api", "says"),
    [
        (FakeLambda(b'{"errorMessage": "no key", "errorType": "KeyError"}', "Unhandled"), "failed: KeyError: no key"),
        (FakeLambda(b'{"errorMessage": "Task timed out after 3.00 seconds"}', "Unhandled"), "Task timed out"),
        (FakeLambda(b"out of memory", "Unhandled"), "failed: out of memory"),
        (FakeLambda(b"not json"), "returned no JSON: not json"),
        (FakeLambda(b"[" * 5_000), r"returned no JSON: \[\["),
        (FakeLambda(b"[" * 5_000, "Unhandled"), r"failed: \[\["),
    ],
)
def test_a_failing_function_is_explained(monkeypatch: pytest.MonkeyPatch, api: FakeLambda, says: str) -> None:
    with pytest.raises(AwsError, match=says):
        call(monkeypatch, api)


def test_a_function_that_does_not_answer_in_time_is_named_with_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def invoke(self, **_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="https://lambda")

    with pytest.raises(AwsError, match=r"The scorer check did not answer within 30 seconds\."):
        call(monkeypatch, Silent())


def samples(*rows: tuple[str | None, str | None]) -> list[GradedItem]:
    return [
        GradedItem(f"q{at}", "How much?", "twelve", {BASE: one, TUNED: other}) for at, (one, other) in enumerate(rows)
    ]


def scores(reply: Reply, *rows: tuple[str | None, str | None], **settings: Any) -> Scores:
    context = ScoringContext(
        scorer=Function(reply).scorer(ScorerSettings(name="check", **settings)),
        questions={"q0": EvaluationQuestion(id="q0", question="Whole", reference="twelve", system="Be short.")},
    )
    found = summarize(grade(samples(*rows), chosen(["scorer"]), context), decides="scorer")
    assert Scores.model_validate_json(found.to_json()) == found
    return found


def test_it_decides_the_verdict_and_the_gate() -> None:
    found = scores(by_length, *[("x", "xxxx")] * 8)
    assert (found.verdict.metric, found.verdict.value) == ("scorer", "better")
    assert found.metrics["scorer"].comparison.interval
    assert found.metrics["scorer.letters"].tuned.mean == 4
    assert found.metrics["scorer.letters"].better is None
    settings = RunSettings.model_validate(
        {
            "scorer": {"name": "check"},
            "gate": {"scorer": {"better_than": "base"}, "scorer.letters": {"at_most": 3}},
        }
    )
    result = decide_gate(settings.gate, GateComparisons.of(found))
    assert result is not None
    assert [rule.decision for rule in result.rules] == ["accepted", "rejected"]


LETTERS = {"letters": {"better": "lower", "range": [0, 10]}}


def test_the_gate_compares_models_by_a_measure_whose_better_values_are_named() -> None:
    found = scores(by_length, *[("xxxx", "x"), ("xxxxx", "x")] * 4, measures=LETTERS)
    letters = found.metrics["scorer.letters"]
    assert (letters.better, letters.range, letters.worst) == ("lower", (0, 10), 10)
    assert letters.comparison.interval
    assert letters.comparison.interval[1] < 0
    settings = RunSettings.model_validate(
        {
            "scorer": {"name": "check", "measures": LETTERS},
            "evaluation": {"decides": "scorer.letters"},
            "gate": {
                "scorer.letters": {"better_than": "base", "not_worse_than": "base", "at_most": 1},
                "scorer": {"not_worse_than": "base"},
            },
        }
    )
    result = decide_gate(settings.gate, GateComparisons.of(found))
    assert result is not None
    assert [rule.decision for rule in result.rules] == ["accepted", "accepted", "accepted", "rejected"]
    decided = summarize(Graded(found.questions, {}, {}), decides="scorer.letters", scorer=facts_of_scorer(found))
    assert (decided.verdict.metric, decided.verdict.value) == ("scorer.letters", "better")


def test_a_failed_answer_counts_as_the_worst_value_and_a_missing_one_for_nothing() -> None:
    def reply(payload: list[dict[str, Any]]) -> Any:
        return [entry | {"metrics_list": []} if entry["id"] == "q1" else entry for entry in by_length(payload)]

    found = scores(reply, ("xx", None), ("xx", "xx"), ("xx", "xxx"), measures=LETTERS).metrics["scorer.letters"]
    assert (found.base.mean, found.tuned.mean) == (2, 6.5)
    assert found.comparison.n == 2
    assert found.tuned.missing == 2


def test_a_value_outside_the_range_of_its_measure_is_not_used() -> None:
    found = scores(by_length, ("x" * 11, "x"), range=(0, 2), measures=LETTERS)
    assert found.metrics["scorer"].comparison.n == 0
    [warning] = found.warnings
    assert "metrics_list value 'letters' 11, which is not within scorer.measures.letters.range (0 to 10)" in warning


def test_missing_scores_are_counted_and_explained_and_missing_answers_are_the_lowest() -> None:
    found = scores(by_length, ("x" * 30, "xx"), (None, "xx"), range=(-1, 2))
    assert found.scorer is not None
    assert (found.scorer.asked, found.scorer.missing, found.scorer.range) == (3, 1, (-1, 2))
    assert found.metrics["scorer"].base.mean == -1
    assert found.metrics["scorer"].comparison.n == 1
    [warning] = found.warnings
    assert "gave no usable score for 1 of 3 answers: the scorer returned aggregate_reward_score 3, which" in warning


def test_shards_add_up_and_the_range_survives_a_review_and_a_comparison() -> None:
    rows: list[tuple[str | None, str | None]] = [(None, "xxxx")] * 8
    own = {"name": "check", "range": (-1, 1), "measures": LETTERS}
    context = ScoringContext(scorer=Function(by_length).scorer(ScorerSettings.model_validate(own)))
    whole = samples(*rows)
    metric = chosen(["scorer"])
    parts = [grade(whole[start : start + 3], metric, context) for start in range(0, 8, 3)]
    found = summarize(merged(parts))
    assert found == summarize(grade(whole, metric, context))
    reviewed = with_people(found, {"q0": {"people": {TUNED: 9}}}).metrics
    assert all(reviewed[name] == found.metrics[name] for name in ("scorer", "scorer.letters"))
    again = compare_runs(found, found, ("a", "b")).metrics
    assert again["scorer"].range == (-1, 1)
    assert (again["scorer.letters"].range, again["scorer.letters"].better) == ((0, 10), "lower")
    other = found.model_copy(
        update={"scorer": found.scorer.model_copy(update={"name": "new"}) if found.scorer else None}
    )
    compared = compare_runs(found, other, ("a", "b"))
    assert "scorer" not in compared.metrics
    assert any("a used check (-1 to 1), b used new (-1 to 1)" in warning for warning in compared.warnings)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"scorer": {"range": [1, 0]}}, "must begin with the lower number"),
        ({"evaluation": {"decides": "scorer"}}, "name it as scorer.name"),
        ({"evaluation": {"metrics": ["scorer"]}}, "name it as scorer.name"),
        (
            {"scorer": {"name": "a"}, "gate": {"scorer.x": {"better_than": "base"}}},
            "at_least or at_most, or name it",
        ),
        ({"gate": {"scorer.x": {"at_least": 1}}}, "no measure 'scorer.x'"),
        ({"scorer": {"name": "a"}, "evaluation": {"decides": "scorer.x"}}, "which values are better"),
        ({"evaluation": {"decides": "scorer.x"}}, "name it as scorer.name"),
        ({"scorer": {"measures": {"x": {"better": "lower", "range": [1, 1]}}}}, "must begin with the lower number"),
        ({"scorer": {"measures": {"x": {"better": "lower"}}}}, "range"),
    ],
)
def test_settings_that_need_a_scorer_say_so(document: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(RunSettings, document, "run.yaml")


def test_a_run_with_a_scorer_uses_it_beside_the_metrics_of_the_task() -> None:
    settings = RunSettings.model_validate({"scorer": {"name": "check"}})
    assert settings.used_metrics("classification") == ("classification", "scorer")
    assert "scorer" not in RunSettings().used_metrics("answer")
