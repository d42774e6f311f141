"""Tests of the step that asks a contestant: its endpoint, the guard questions, and an endpoint that is new."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from tests.doubles import NAME, RUN, MemoryFolder, approve, manifest, write_lines
from tuner.artifacts.evaluation.contestants import ContestantName
from tuner.artifacts.serving import EndpointRecord
from tuner.artifacts.training import CandidateResult, TrainingSummary
from tuner.aws.bedrock.converse import Reply
from tuner.aws.s3.guard_questions import guard_answers, guard_questions, save_guard_questions
from tuner.core.artifact_keys import Keys
from tuner.core.errors import EndpointFailedError, RetryableError
from tuner.core.times import iso, now
from tuner.costs.meter import most_used
from tuner.serving.answer_step import answer_shards

TWO_BASE_MODELS: dict[str, Any] = {
    "candidates": [{"base_model": ["amazon.nova-micro-v1:0:128k", "amazon.nova-lite-v1:0:300k"]}]
}


class Asked:
    """A model that answers with its own endpoint."""

    def ask(self, endpoint: str, *_: object) -> Reply:
        return Reply(endpoint, "end_turn", 1, 1, 1)


def approved(questions: int = 1, **settings: Any) -> MemoryFolder:
    folder = MemoryFolder(RUN)
    folder.save(manifest(serving="on_demand", **settings))
    save_guard_questions(folder, folder.manifest().settings.evaluation)
    write_lines(folder, Keys.EVALUATION, [{"id": str(n), "question": "q", "reference": "r"} for n in range(questions)])
    write_lines(folder, Keys.contexts("few_shot"), [{"id": "0"}])
    approve(folder)
    return folder


def served(folder: MemoryFolder, minutes: float = 0) -> None:
    at = iso(now() - dt.timedelta(minutes=minutes))
    folder.save(EndpointRecord(kind="on_demand", arn="arn:d", name=NAME, created_at=at, in_service_at=at))


def answer(
    folder: MemoryFolder, name: ContestantName, shards: Sequence[int] = (0,), client: Any = None
) -> tuple[int, int]:
    run = folder.manifest_of_choice()
    return answer_shards(client or Asked(), folder, run, run.contestant(name), shards, 1, concurrency=1)


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [("base", "amazon.nova-micro-v1:0"), ("tuned", "arn:d"), ("nova-lite", "amazon.nova-lite-v1:0")],
)
def test_each_contestant_is_asked_at_its_own_endpoint(name: ContestantName, endpoint: str) -> None:
    folder = approved(compare_with=["amazon.nova-lite-v1:0"])
    served(folder)
    assert answer(folder, name) == (1, 0)
    assert [each.answer for each in folder.answers(name)] == [endpoint]


@pytest.mark.parametrize(("number", "endpoint"), [(1, "amazon.nova-micro-v1:0"), (2, "amazon.nova-lite-v1:0")])
@pytest.mark.parametrize("name", ["base", "few_shot"])
def test_the_base_model_of_the_chosen_candidate_is_asked(name: ContestantName, number: int, endpoint: str) -> None:
    folder = approved(compare_with=["few_shot"], **TWO_BASE_MODELS)
    results = (
        CandidateResult(**each.model_dump(), job_name="j", epochs_asked=2, chosen=each.number == number)
        for each in folder.manifest().candidates
    )
    folder.save(TrainingSummary(candidates=tuple(results)))
    answer(folder, name)
    assert [each.answer for each in folder.answers(name)] == [endpoint]


def test_one_worker_asks_both_models_the_guard_questions() -> None:
    folder = approved(questions=2, evaluation={"guard": 3})
    served(folder)
    for name in ("base", "tuned"):
        assert answer(folder, name, [1]) == (1, 0)
        assert guard_answers(folder, name) == []
        assert answer(folder, name, [0]) == (4, 0)
        assert [each.id for each in guard_answers(folder, name)] == [each.id for each in guard_questions(folder)]
    assert [each.id for each in folder.answers("base")] == ["0", "1"]
    # What a payer used includes the guard questions: three calls, and two of the evaluation.
    assert most_used(folder, "base").output == 5


@pytest.mark.parametrize(("minutes", "error"), [(1, RetryableError), (10, EndpointFailedError)])
def test_an_endpoint_that_the_runtime_does_not_know_yet_is_retried(minutes: int, error: type[Exception]) -> None:
    class Unknown(Asked):
        def ask(self, endpoint: str, *_: object) -> Reply:
            raise EndpointFailedError(f"{endpoint} is not there to be asked.")

    folder = approved()
    served(folder, minutes)
    with pytest.raises(error, match="not there to be asked"):
        answer(folder, "tuned", client=Unknown())
