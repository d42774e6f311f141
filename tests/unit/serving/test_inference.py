"""Tests of the inference: answers, failed answers, retries, and errors that end the step."""

import json
import time
from collections.abc import Callable, Sequence

import pytest

from tests.doubles import MemoryFolder, manifest
from tuner.artifacts.dataset import Message
from tuner.artifacts.evaluation.contestants import MAIN_CONTESTANTS
from tuner.aws.bedrock.converse import Reply
from tuner.aws.s3.guard_questions import guard_answers
from tuner.core.artifact_keys import Keys
from tuner.core.errors import (
    AccessDeniedError,
    AwsError,
    EndpointFailedError,
    EvaluationError,
    RetryableError,
    ThrottledError,
)
from tuner.serving.inference import GuardShard, Inference, Shard, shard_size, workers
from tuner.settings import InferenceSettings

BASE_MODEL = MAIN_CONTESTANTS[0]
Reaction = Callable[[str], str]


class Model:
    """A model that answers with `answer`, which may raise, and records its questions."""

    def __init__(self, answer: Reaction) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str | None]] = []

    def ask(
        self,
        endpoint: str,
        question: str,
        system: str | None,
        inference: InferenceSettings,
        earlier: Sequence[Message] = (),
    ) -> Reply:
        self.earlier = [(message.role, message.text) for message in earlier]
        self.asked.append((question, system))
        return Reply(self.answer(question), "end_turn", 3, 4, 5)


def folder(count: int = 5, **members: str) -> MemoryFolder:
    records = [{"id": f"id{n}", "question": f"q{n}", "reference": "r", **members} for n in range(count)]
    return MemoryFolder(files={Keys.EVALUATION: "".join(json.dumps(record) + "\n" for record in records).encode()})


def run(model: Model, folder: MemoryFolder, number: int = 0, size: int = 10, samples: int = 1) -> tuple[int, int]:
    inference = Inference(model, "model", manifest(system_prompt="Be brief."), 3, sleep=lambda _: None)
    return inference.run(Shard(folder, BASE_MODEL, number, size, samples))


def written(folder: MemoryFolder, number: int = 0) -> list[dict[str, object]]:
    return list(folder.read_lines(Keys.answers("base", number)))


def raising(error: Exception) -> Reaction:
    def answer(_: str) -> str:
        raise error

    return answer


def test_a_conversation_is_sent_as_messages() -> None:
    said = [("user", "Heavy?"), ("assistant", "A ton."), ("user", "Long?")]
    record = {
        "id": "1",
        "question": "as people read it",
        "reference": "r",
        "messages": [{"role": r, "text": t} for r, t in said],
    }
    model = Model(str.upper)
    place = MemoryFolder(files={Keys.EVALUATION: json.dumps(record).encode() + b"\n"})
    assert run(model, place) == (1, 0)
    assert model.asked == [("Long?", "Be brief.")]
    assert model.earlier == said[:-1]
    assert written(place)[0]["answer"] == "LONG?"


def test_a_shard_asks_its_own_questions_and_keeps_their_ids() -> None:
    place = folder(5)
    assert run(Model(str.upper), place, number=1, size=2) == (2, 0)
    assert [(line["id"], line["answer"]) for line in written(place, 1)] == [("id2", "Q2"), ("id3", "Q3")]


def test_every_question_is_asked_as_often_as_there_are_samples() -> None:
    place, model = folder(3), Model(str.upper)
    assert run(model, place, samples=2) == (6, 0)
    assert sorted(question for question, _ in model.asked) == ["q0", "q0", "q1", "q1", "q2", "q2"]
    assert [(line["id"], line["sample"]) for line in written(place)] == [
        (f"id{question}", sample) for question in range(3) for sample in range(2)
    ]


def test_one_answer_to_each_question_is_written_as_before() -> None:
    place = folder(1)
    run(Model(str.upper), place)
    assert list(written(place)[0]) == [
        "id", "answer", "error", "stop_reason", "input_tokens", "output_tokens", "latency_ms"
    ]  # fmt: skip


def test_only_the_answers_that_were_lost_are_asked_again() -> None:
    place = folder(3)
    run(Model(str.upper), place, samples=3)
    kept = [line for line in written(place) if (line["id"], line["sample"]) not in {("id0", 1), ("id2", 0)}]
    place.write(Keys.answers("base", 0), "".join(json.dumps(line) + "\n" for line in kept).encode())
    model = Model(lambda question: f"again {question}")
    assert run(model, place, samples=3) == (9, 0)
    assert sorted(question for question, _ in model.asked) == ["q0", "q2"]
    again = [(line["id"], line["sample"]) for line in written(place) if str(line["answer"]).startswith("again")]
    assert again == [("id0", 1), ("id2", 0)]


def test_the_system_prompt_is_the_records_or_else_the_runs() -> None:
    model = Model(str.upper)
    run(model, folder(1))
    run(model, folder(1, system="Be long."))
    assert [system for _, system in model.asked] == ["Be brief.", "Be long."]


def test_a_failed_answer_is_recorded_with_its_error() -> None:
    def answer(question: str) -> str:
        if question == "q1":
            raise AwsError("too long")
        return question

    place = folder(3)
    assert run(Model(answer), place) == (2, 1)
    assert [line["answer"] for line in written(place)] == ["q0", None, "q2"]
    assert written(place)[1]["error"] == "AwsError: too long"


def test_transient_errors_are_retried() -> None:
    failures = iter([ThrottledError("slow"), RetryableError("500")])

    def answer(question: str) -> str:
        for error in failures:
            raise error
        return question

    assert run(Model(answer), folder(1)) == (1, 0)


def test_the_number_of_retries_is_limited_for_all_questions_together() -> None:
    model = Model(raising(ThrottledError("slow")))
    with pytest.raises(ThrottledError):
        run(model, folder(4))
    assert len(model.asked) == 4 + 6 * 4


def test_the_next_attempt_asks_only_the_throttled_questions() -> None:
    def throttled(question: str) -> str:
        if question == "q1":
            raise ThrottledError("slow")
        return question

    place = folder(3)
    with pytest.raises(ThrottledError):
        run(Model(throttled), place)
    assert [line["id"] for line in written(place)] == ["id0", "id2"]
    second = Model(str.upper)
    assert run(second, place) == (3, 0)
    assert [question for question, _ in second.asked] == ["q1"]
    assert [line["id"] for line in written(place)] == ["id0", "id1", "id2"]


def test_answers_are_recorded_while_others_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(4)
    recorded = []

    def answer(question: str) -> str:
        deadline = time.monotonic() + 60
        while question == "q3" and Keys.answers("base", 0) not in place.files and time.monotonic() < deadline:
            time.sleep(0.005)
        recorded.append(Keys.answers("base", 0) in place.files)
        return question

    monkeypatch.setattr("tuner.serving.inference._RECORD_SECONDS", -1.0)
    inference = Inference(Model(answer), "model", manifest(), 1, sleep=lambda _: None)
    assert inference.run(Shard(place, BASE_MODEL, 0, 10)) == (4, 0)
    assert recorded[-1]  # before the last answer
    assert len(written(place)) == 4


def test_when_the_time_is_up_the_next_attempt_asks_the_rest() -> None:
    place, model = folder(4), Model(str.upper)
    clock = iter([0.0, 0.0, 1.0, 900.0, 900.0])
    inference = Inference(model, "model", manifest(), 1, sleep=lambda _: None, clock=lambda: next(clock))
    with pytest.raises(RetryableError, match="time of one invocation is up"):
        inference.run(Shard(place, BASE_MODEL, 0, 10))
    assert [line["id"] for line in written(place)] == ["id0", "id1"]
    assert run(model, place) == (4, 0)


def test_a_shard_that_is_complete_is_not_asked_again() -> None:
    place = folder(3)
    first = run(Model(str.upper), place)
    again = Model(str.upper)
    assert run(again, place) == first
    assert not again.asked


@pytest.mark.parametrize("kind", [AccessDeniedError, EndpointFailedError])
def test_an_error_that_is_not_the_questions_own_is_raised(kind: type[Exception]) -> None:
    with pytest.raises(kind, match="reason"):
        run(Model(raising(kind("reason"))), folder(3))


def test_the_same_error_for_all_questions_is_raised_and_not_recorded() -> None:
    place = folder(3)
    with pytest.raises(EvaluationError, match=r"none of 3 questions.*not a valid id"):
        run(Model(raising(AwsError("not a valid id"))), place)
    assert not place.list("answers/")


def test_an_empty_answer_is_an_answer() -> None:
    place = folder(1)
    assert run(Model(lambda _: ""), place) == (1, 0)
    assert written(place)[0]["answer"] == ""


def run_shards(model: Model, folder: MemoryFolder, *numbers: int, size: int = 2) -> tuple[int, int]:
    inference = Inference(model, "model", manifest(), 3, sleep=lambda _: None)
    return inference.run(*(Shard(folder, BASE_MODEL, number, size) for number in numbers))


def test_several_shards_are_asked_at_once_and_each_is_written() -> None:
    place = folder(5)
    assert run_shards(Model(str.upper), place, 0, 1, 2) == (5, 0)
    assert [[line["id"] for line in written(place, number)] for number in range(3)] == [
        ["id0", "id1"],
        ["id2", "id3"],
        ["id4"],
    ]


def test_a_complete_shard_is_written_while_others_are_asked() -> None:
    place = folder(4)

    def answer(question: str) -> str:
        if question == "q3":
            deadline = time.monotonic() + 60
            while not place.list(Keys.answers("base", 0)):
                assert time.monotonic() < deadline, "the first shard is not written"
                time.sleep(0.001)
        return question

    assert run_shards(Model(answer), place, 0, 1) == (4, 0)


def test_failures_of_one_shard_alone_are_recorded() -> None:
    def answer(question: str) -> str:
        if question in ("q0", "q1"):
            raise AwsError("too long")
        return question

    place = folder(4)
    assert run_shards(Model(answer), place, 0, 1) == (2, 2)
    assert [line["answer"] for line in written(place, 0)] == [None, None]


def test_the_same_error_in_all_shards_is_raised_and_not_recorded() -> None:
    place = folder(4)
    with pytest.raises(EvaluationError, match="none of 4 questions"):
        run_shards(Model(raising(AwsError("not a valid id"))), place, 0, 1)
    assert not place.list("answers/")


@pytest.mark.parametrize(("shards", "sizes"), [(0, []), (1, [1]), (20, [20]), (21, [20, 1]), (45, [20, 20, 5])])
def test_a_worker_gets_five_hundred_questions_and_every_shard_has_one_worker(shards: int, sizes: list[int]) -> None:
    found = workers(shards, 25)
    assert [len(shards_of_worker) for shards_of_worker in found] == sizes
    assert [number for shards_of_worker in found for number in shards_of_worker] == list(range(shards))


def test_a_shard_with_more_questions_has_its_own_worker() -> None:
    assert workers(2, 501) == [[0], [1]]


def test_a_shard_has_fewer_questions_if_each_is_asked_more_often() -> None:
    assert [shard_size(1000, 25, samples) for samples in (1, 3, 16)] == [25, 8, 5]
    assert shard_size(10, 25, 100) == 1


def guard_folder() -> MemoryFolder:
    records = [
        {"id": "k", "category": "knowledge", "question": "q0", "check": {"contains": ["a"]}, "right": "a"},
        {"id": "s", "category": "system_prompt", "question": "q1", "system": "Rule.", "check": {}, "right": "a"},
    ]
    return MemoryFolder(files={Keys.GUARD: "".join(json.dumps(record) + "\n" for record in records).encode()})


def test_guard_questions_are_asked_without_the_runs_system_prompt() -> None:
    model, files = Model(lambda question: f"A{question}"), guard_folder()
    inference = Inference(model, "model", manifest(system_prompt="Be brief."), 3, sleep=lambda _: None)
    assert inference.run_guard(GuardShard.of(files, MAIN_CONTESTANTS[1]), None, inference.clock()) == (2, 0)
    assert sorted(model.asked) == [("q0", None), ("q1", "Rule.")]
    assert [(each.id, each.answer) for each in guard_answers(files, "tuned")] == [("k", "Aq0"), ("s", "Aq1")]


def test_guard_questions_are_left_to_the_next_attempt_when_the_time_of_the_invocation_is_up() -> None:
    model, files = Model(lambda question: "A"), guard_folder()
    inference = Inference(model, "model", manifest(), 1, seconds=100, clock=lambda: 500.0)
    with pytest.raises(RetryableError, match="time of one invocation is up"):
        inference.run_guard(GuardShard.of(files, BASE_MODEL), None, since=399.0)
    assert inference.run_guard(GuardShard.of(files, BASE_MODEL), None, since=401.0) == (2, 0)
    assert len(model.asked) == 2
