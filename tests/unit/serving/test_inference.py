"""Answers keep to their questions; what fails is kept as failed; what is not the question's fault raises."""

import json
import time
from collections.abc import Callable, Sequence

import pytest

from tests.doubles import MemoryFolder, manifest
from tuner.aws.bedrock.converse import Message, Reply
from tuner.core.artifact_keys import Keys
from tuner.core.errors import (
    AccessDeniedError,
    AwsError,
    EndpointFailedError,
    EvaluationError,
    RetryableError,
    ThrottledError,
)
from tuner.serving.inference import Answering, Shard, lanes
from tuner.settings import InferenceSettings

Answer = Callable[[str], str]


class Model:
    """Answers by `answer`, which may raise; remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str | None]] = []

    def ask(
        self, endpoint: str, question: str, system: str | None, inference: InferenceSettings, earlier: Sequence[Message]
    ) -> Reply:
        self.earlier = [(message.role, message.text) for message in earlier]
        self.asked.append((question, system))
        return Reply(self.answer(question), "end_turn", 3, 4, 5)


def folder(count: int = 5, **members: str) -> MemoryFolder:
    records = [{"id": f"id{n}", "question": f"q{n}", "reference": "r", **members} for n in range(count)]
    return MemoryFolder(files={Keys.EVALUATION: "".join(json.dumps(record) + "\n" for record in records).encode()})


def run(model: Model, folder: MemoryFolder, number: int = 0, size: int = 10) -> tuple[int, int]:
    answering = Answering(model, "model", manifest(system_prompt="Be brief."), 3, sleep=lambda _: None)
    return answering.run(Shard(folder, "base", number, size))


def written(folder: MemoryFolder, number: int = 0) -> list[dict[str, object]]:
    return list(folder.read_lines(Keys.answers("base", number)))


def raising(error: Exception) -> Answer:
    def answer(_: str) -> str:
        raise error

    return answer


def test_a_conversation_is_asked_turn_by_turn() -> None:
    said = [("user", "Heavy?"), ("assistant", "A ton."), ("user", "Long?")]
    record = {"id": "1", "question": "as people read it", "messages": [{"role": r, "text": t} for r, t in said]}
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


def test_the_runs_system_prompt_goes_along_unless_the_record_has_its_own() -> None:
    model = Model(str.upper)
    run(model, folder(1))
    run(model, folder(1, system="Be long."))
    assert [system for _, system in model.asked] == ["Be brief.", "Be long."]


def test_a_failed_answer_is_kept_with_its_error_in_its_place() -> None:
    def answer(question: str) -> str:
        if question == "q1":
            raise AwsError("too long")
        return question

    place = folder(3)
    assert run(Model(answer), place) == (2, 1)
    assert [line["answer"] for line in written(place)] == ["q0", None, "q2"]
    assert written(place)[1]["error"] == "AwsError: too long"


def test_what_is_transient_is_asked_again() -> None:
    failures = iter([ThrottledError("slow"), RetryableError("500")])

    def answer(question: str) -> str:
        for error in failures:
            raise error
        return question

    assert run(Model(answer), folder(1)) == (1, 0)


def test_retries_are_budgeted_for_the_shard() -> None:
    model = Model(raising(ThrottledError("slow")))
    with pytest.raises(ThrottledError):
        run(model, folder(4))
    assert len(model.asked) == 4 + 6 * 4


def test_throttled_questions_are_asked_by_the_next_attempt_and_only_they() -> None:
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


def test_when_the_time_is_up_the_next_attempt_asks_the_rest() -> None:
    place, model = folder(4), Model(str.upper)
    clock = iter([0.0, 0.0, 1.0, 900.0, 900.0])
    answering = Answering(model, "model", manifest(), 1, sleep=lambda _: None, clock=lambda: next(clock))
    with pytest.raises(RetryableError, match="time of one invocation is up"):
        answering.run(Shard(place, "base", 0, 10))
    assert [line["id"] for line in written(place)] == ["id0", "id1"]
    assert run(model, place) == (4, 0)


def test_a_shard_that_is_complete_is_not_asked_again() -> None:
    place = folder(3)
    first = run(Model(str.upper), place)
    again = Model(str.upper)
    assert run(again, place) == first
    assert not again.asked


@pytest.mark.parametrize("kind", [AccessDeniedError, EndpointFailedError])
def test_what_is_not_the_questions_fault_raises(kind: type[Exception]) -> None:
    with pytest.raises(kind, match="reason"):
        run(Model(raising(kind("reason"))), folder(3))


def test_the_same_failure_everywhere_raises_and_is_not_kept_as_settled() -> None:
    place = folder(3)
    with pytest.raises(EvaluationError, match=r"none of 3 questions.*not a valid id"):
        run(Model(raising(AwsError("not a valid id"))), place)
    assert not place.list("answers/")


def test_an_empty_answer_is_an_answer() -> None:
    place = folder(1)
    assert run(Model(lambda _: ""), place) == (1, 0)
    assert written(place)[0]["answer"] == ""


def run_lane(model: Model, folder: MemoryFolder, *numbers: int, size: int = 2) -> tuple[int, int]:
    answering = Answering(model, "model", manifest(), 3, sleep=lambda _: None)
    return answering.run(*(Shard(folder, "base", number, size) for number in numbers))


def test_a_lane_asks_several_shards_and_writes_each_of_them() -> None:
    place = folder(5)
    assert run_lane(Model(str.upper), place, 0, 1, 2) == (5, 0)
    assert [[line["id"] for line in written(place, number)] for number in range(3)] == [
        ["id0", "id1"],
        ["id2", "id3"],
        ["id4"],
    ]


def test_a_shard_that_is_complete_is_written_while_others_are_asked() -> None:
    place = folder(4)

    def answer(question: str) -> str:
        if question == "q3":
            deadline = time.monotonic() + 10
            while not place.list(Keys.answers("base", 0)):
                assert time.monotonic() < deadline, "the first shard is not written"
                time.sleep(0.001)
        return question

    assert run_lane(Model(answer), place, 0, 1) == (4, 0)


def test_what_fails_in_one_shard_of_a_lane_alone_is_kept_as_failed() -> None:
    def answer(question: str) -> str:
        if question in ("q0", "q1"):
            raise AwsError("too long")
        return question

    place = folder(4)
    assert run_lane(Model(answer), place, 0, 1) == (2, 2)
    assert [line["answer"] for line in written(place, 0)] == [None, None]


def test_the_same_failure_in_a_whole_lane_settles_nothing() -> None:
    place = folder(4)
    with pytest.raises(EvaluationError, match="none of 4 questions"):
        run_lane(Model(raising(AwsError("not a valid id"))), place, 0, 1)
    assert not place.list("answers/")


@pytest.mark.parametrize(("shards", "sizes"), [(0, []), (1, [1]), (20, [20]), (21, [20, 1]), (45, [20, 20, 5])])
def test_lanes_hold_five_hundred_questions_and_every_shard_once(shards: int, sizes: list[int]) -> None:
    found = lanes(shards, 25)
    assert [len(lane) for lane in found] == sizes
    assert [number for lane in found for number in lane] == list(range(shards))


def test_a_shard_that_is_larger_than_a_lane_has_one_of_its_own() -> None:
    assert lanes(2, 501) == [[0], [1]]
