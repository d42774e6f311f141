"""The scorer is tried before a run spends anything: what is asked, and what each wrong reply is refused with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from tuner.core.errors import AccessDeniedError, AwsError, RetryableError, SettingsError, ThrottledError
from tuner.evaluation.judging.scorer_check import check_scorer
from tuner.settings import RunSettings

Reply = Callable[[list[dict[str, Any]]], Any]
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:check"


class Function:
    """A Lambda function: `replies` make the answers to its calls, the last one to all further calls."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.payloads: list[list[dict[str, Any]]] = []

    def __call__(self, function: str, payload: Any, seconds: float) -> Any:
        assert function == FUNCTION
        json.dumps(payload)
        self.payloads.append(payload)
        made = (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])(payload)
        if isinstance(made, Exception):
            raise made
        return made


def scores(payload: list[dict[str, Any]], **members: Any) -> list[dict[str, Any]]:
    return [{"id": entry["id"], "aggregate_reward_score": 0.5, **members} for entry in payload]


def each(**members: Any) -> Reply:
    return lambda payload: scores(payload, **members)


def check(*replies: Reply, **settings: Any) -> Function:
    function = Function(*replies)
    scorer = {"name": "check", **settings.pop("scorer", {})}
    check_scorer(FUNCTION, RunSettings.model_validate({"scorer": scorer, **settings}), function)
    return function


def test_a_right_and_a_wrong_answer_are_sent_in_the_form_of_a_run() -> None:
    [payload] = check(scores, system_prompt="Be short.").payloads
    assert [entry["messages"][-1]["content"] for entry in payload] == ["4", "I do not know."]
    assert payload[0] == {
        "id": "example-1",
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "What is 2 + 2?"},
            {"role": "assistant", "content": "4"},
        ],
        "reference_answer": "4",
        "metadata": {"reference_answer": "4"},
    }


def test_a_function_that_gets_one_answer_a_call_is_asked_for_one() -> None:
    assert [len(payload) for payload in check(scores, scorer={"batch": 1}).payloads] == [1]


FIELDS = {"item": "text", "count": "number", "bought": "date", "paid": "boolean", "tags": "list"}


@pytest.mark.parametrize(
    ("settings", "reference"),
    [
        ({"task": "classification", "classification": {"labels": ["yes", "no"]}}, "yes"),
        ({"classification": {"labels": ["yes", "no"]}}, "yes"),
        ({"task": "extraction"}, '{"item": "lamp"}'),
        (
            {"extraction": {"fields": FIELDS}},
            '{"item": "lamp", "count": 2, "bought": "2026-11-01", "paid": true, "tags": ["lamp"]}',
        ),
        ({"task": "answer", "classification": {"labels": ["yes", "no"]}}, "4"),
    ],
)
def test_the_reference_fits_the_task_that_the_settings_name(settings: dict[str, Any], reference: str) -> None:
    [[right, _]] = check(scores, **settings).payloads
    assert right["reference_answer"] == right["messages"][-1]["content"] == reference


def test_the_runs_own_example_is_sent() -> None:
    example = {"question": "Invoice 7?", "reference": '{"total": 12}'}
    [[right, wrong]] = check(scores, scorer={"example": example}, task="extraction").payloads
    assert [message["content"] for message in right["messages"]] == ["Invoice 7?", '{"total": 12}']
    assert wrong["reference_answer"] == '{"total": 12}'


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (lambda _: {"statusCode": 200, "body": "[]"}, "returned an HTTP response"),
        (lambda _: None, "returned nothing, not a list"),
        (lambda p: scores(p[:1]), "'example-2', the scorer returned no entry for this id"),
        (lambda p: scores([*p, p[0]]), "returned the id 'example-1' twice"),
        (lambda p: scores([*p, {"id": "more"}]), "the id 'more', which was not asked for"),
        (lambda p: [{"aggregate_reward_score": 1} for _ in p], "an entry without 'id'"),
        (each(aggregate_reward_score=math.inf), "inf as aggregate_reward_score, which is not a finite number"),
        (each(aggregate_reward_score=10**400), "a number as aggregate_reward_score that is larger than"),
        (each(metrics_list=[{"name": "a", "value": -1e300}]), "a number as metrics_list value 'a' that is larger than"),
        (each(metrics_list=[{"name": f"m{n}", "value": 1} for n in range(51)]), "51 entries in metrics_list"),
        (each(aggregate_reward_score="1"), "a text as aggregate_reward_score"),
        (each(aggregate_reward_score=2), "2, which is not within scorer.range"),
        (each(metrics_list=[{"name": "a", "value": math.nan}]), "nan as metrics_list value 'a'"),
        (lambda _: AwsError("The scorer arn:f failed: KeyError: 'x'."), "failed: KeyError: 'x'. It was tried"),
        (lambda _: AwsError("The scorer arn:f did not answer within 60 seconds."), "within 60 seconds"),
        (lambda _: AwsError("Could not call the scorer arn:f: ResourceNotFoundException: no"), "NotFoundException"),
    ],
)
def test_a_scorer_that_cannot_score_is_refused_with_the_reason(reply: Reply, says: str) -> None:
    with pytest.raises(SettingsError, match=r"scorer: 'check' cannot score.*scorer\.example in run\.yaml") as refused:
        check(reply)
    assert says in str(refused.value)


def test_a_denied_call_is_refused_with_the_remedy() -> None:
    with pytest.raises(AccessDeniedError, match=r"'check' may not be called\. no right.*permissions boundary"):
        check(lambda _: AccessDeniedError("no right"))


@pytest.mark.parametrize("error", [ThrottledError("slow down"), RetryableError("not ready")])
def test_what_may_pass_is_left_to_the_retries_of_the_state(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        check(lambda _: error)


def test_a_function_that_only_its_start_made_slow_is_asked_again_if_the_step_has_the_time() -> None:
    def slow(_: object) -> Exception:
        return AwsError("did not answer")

    assert len(check(slow, scores).payloads) == 2
    with pytest.raises(SettingsError, match="did not answer"):
        check(slow, scores, scorer={"seconds": 120})


def test_a_gate_on_a_measure_that_the_scorer_does_not_return_is_refused() -> None:
    gate = {"scorer.length": {"at_most": 9}, "scorer": {"at_least": 0.1}}
    length = {"name": "length", "value": 1, "type": "Metric"}
    check(each(metrics_list=[length]), gate=gate)
    with pytest.raises(SettingsError, match=r"names the measure 'length', which 'check' .*it returned: words"):
        check(each(metrics_list=[length | {"name": "words"}]), gate=gate)
    with pytest.raises(SettingsError, match=r"names the measure 'tone'"):
        check(each(metrics_list=[length]), scorer={"measures": {"tone": {"better": "higher", "range": [0, 1]}}})
    with pytest.raises(SettingsError, match="it returned: none"):
        check(scores, gate=gate)
