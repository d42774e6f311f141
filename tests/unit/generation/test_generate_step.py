"""The step writes validation data from documents to the run's folder, or ends the run with the reason."""

from __future__ import annotations

import itertools
import json
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.doubles import MemoryFolder, approve, manifest, stored_json
from tests.examples import examples
from tests.unit.datasets.memory_files import CLAUDE, MemorySink, jsonl, pairs
from tests.unit.generation.samples import JUDGE, Writer, pair, sentences, source
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.costs.token_reservation import Reservation
from tuner.artifacts.manifest import Manifest
from tuner.aws.bedrock.tool_call import Tool, ToolReply
from tuner.catalog import model
from tuner.core.artifact_keys import Keys
from tuner.core.errors import (
    DatasetError,
    GenerationError,
    RetryableError,
    SpendingLimitError,
    ThrottledError,
    TunerError,
)
from tuner.datasets import prepare
from tuner.datasets.io import Source
from tuner.datasets.records.record import DataRole
from tuner.generation import generate_data, plan_generation
from tuner.generation.plan import Progress
from tuner.generation.requests import GeneratorModel

NOVA_PRO = "amazon.nova-pro-v1:0"


def step(
    folder: MemoryFolder,
    *,
    count: int = 10,
    ask: Any = None,
    training: bytes | None = None,
    documents: dict[str, bytes] | None = None,
    run: Manifest | None = None,
    **more: Any,
) -> Progress:
    """Plans the generation, approves its cost and generates, as the state machine does."""
    documents = {"a.txt": "\n\n".join(sentences(40)).encode()} if documents is None else documents
    run = with_documents(run or manifest(generate={"count": count}))
    data: dict[DataRole, Source] = {
        "training": source(jsonl(pairs(12)) if training is None else training, "training.jsonl"),
        **more.pop("data", {}),
    }
    sources = {name: source(text) for name, text in documents.items()}
    if Keys.GENERATION_PLAN not in folder.files:
        folder.save(run)
        if (planned := plan_generation(folder, run, data, sources)).done:
            return planned
        approve(folder, planned=True)
    return generate_data(folder, run, data, sources, ask=ask or Writer(), **more)


def with_documents(run: Manifest) -> Manifest:
    document = run.inputs[0].model_copy(update={"role": "documents", "key": "incoming/faq/documents/a.txt"})
    return run.model_copy(update={"inputs": (*run.inputs, document)})


def lines(folder: MemoryFolder) -> list[dict[str, Any]]:
    return [json.loads(line) for line in folder.files[Keys.GENERATED].splitlines()]


def test_the_second_estimate_is_never_larger_than_the_one_that_was_approved_before_the_generation() -> None:
    folder = MemoryFolder()
    step(folder)
    before, run = folder.load(Estimate), folder.manifest()
    sinks: dict[str, MemorySink] = {}
    generated: tuple[DataRole, ...] = ("validation",)
    sources: dict[DataRole, Source] = {
        "training": source(jsonl(pairs(12)), "training.jsonl"),
        "validation": source(folder.files[Keys.GENERATED]),
    }
    made = prepare(
        sources,
        run.settings,
        model(run.base_model),
        lambda name: sinks.setdefault(name, MemorySink()),
        generated=generated,
    )
    for name, sink in sinks.items():
        folder.write(name, sink.committed or b"")
    folder.save(made.summary)
    after = approve(folder)
    assert before.worst_case.holds(after.worst_case)
    for item in after.items:
        planned = before.find(item.id)
        assert planned
        assert (item.at_most or 0) <= (planned.at_most or 0), item.id


def test_the_folder_gets_the_pairs_and_the_summary() -> None:
    folder, writer = MemoryFolder(), Writer()
    assert step(folder, ask=writer, documents={
        "a.txt": "\n\n".join(sentences(30)).encode(), "b.md": "\n\n".join(sentences(30, 30)).encode(), "c.pdf": b"",
    }) == Progress(True, 10)  # fmt: skip
    made = lines(folder)
    assert len(made) == 10
    assert set(made[0]) == {"question", "answer", "document", "place", "passage"}
    assert {each["document"] for each in made} == {"a.txt", "b.md"}
    summary = stored_json(folder, Keys.GENERATED_SUMMARY)
    assert (summary["complete"], summary["asked"], summary["pairs"]) == (True, 10, 10)
    assert (summary["model"], summary["name"], summary["stand_in"]) == (JUDGE, "Nova Pro", False)
    assert (summary["calls"], summary["input_tokens"]) == (len(writer.calls), 100 * len(writer.calls))
    assert [each["pairs"] for each in summary["documents"]] == [5, 5, 0]
    assert summary["documents"][2]["unusable"].startswith("c.pdf is empty.")
    assert summary["most"]["calls"] >= summary["calls"]
    assert summary["most"]["output_tokens"] >= summary["output_tokens"]


def test_a_completed_step_sends_no_request() -> None:
    folder, writer = MemoryFolder(), Writer()
    step(folder, ask=writer)
    asked = len(writer.calls)
    before = dict(folder.files)
    assert step(folder, ask=writer) == Progress(True, 10)
    assert (len(writer.calls), folder.files) == (asked, before)
    del folder.files[Keys.GENERATED_SUMMARY], folder.files[Keys.GENERATED]
    step(folder, ask=writer)
    assert (len(writer.calls), folder.files) == (asked, before)


def test_a_step_without_time_left_is_called_again() -> None:
    folder, writer = MemoryFolder(), Writer()
    documents = {f"{n}.txt": "\n\n".join(sentences(30, 30 * n)).encode() for n in range(7)}
    moments = iter(range(0, 100_000, 500))
    progress = step(folder, count=14, ask=writer, documents=documents, clock=lambda: float(next(moments)))
    assert (progress.done, Keys.GENERATED in folder.files, len(writer.calls)) == (False, False, 4)
    assert step(folder, count=14, ask=writer, documents=documents) == Progress(True, 14)
    assert len(writer.calls) == 7


def test_preprocessing_reads_the_pairs_with_any_field_names_in_the_settings() -> None:
    folder = MemoryFolder()
    run = manifest(generate={"count": 9}, fields={"prompt": "q", "completion": "passage"}, system_prompt="Be kind.")
    training = jsonl([{"q": each["question"], "passage": each["answer"]} for each in pairs(12)])
    step(folder, run=run, training=training)
    sinks: dict[str, MemorySink] = {}
    sources: dict[DataRole, Source] = {
        "training": source(training, "training.jsonl"),
        "validation": source(folder.files[Keys.GENERATED]),
    }
    prepared = prepare(
        sources,
        run.settings,
        model(run.base_model),
        lambda name: sinks.setdefault(name, MemorySink()),
        generated=with_documents(run).generated_roles,
    )
    assert not prepared.findings.errors
    assert (prepared.summary.validation_records, prepared.summary.training_records) == (9, 12)
    assert prepared.summary.validation_from == "generated from documents"
    written = [json.loads(line) for line in (sinks[Keys.VALIDATION].committed or b"").splitlines()]
    assert [line["messages"][1]["content"][0]["text"] for line in written] == [each["answer"] for each in lines(folder)]
    assert {line["system"][0]["text"] for line in written} == {"Be kind."}


def test_pairs_repeat_neither_training_nor_evaluation_data() -> None:
    folder = MemoryFolder()
    trained, evaluated = jsonl([*map(pair, sentences(8))]), jsonl([*map(pair, sentences(4, 8))])
    step(folder, count=8, training=trained, data={"evaluation": source(evaluated, "evaluation.jsonl")})
    assert {each["answer"] for each in lines(folder)}.isdisjoint(sentences(12))


@pytest.mark.parametrize("training", [b'{"question": "q"}\n', b"", jsonl(pairs(7)), jsonl(pairs(9)) + b"{\n"])
def test_no_request_is_sent_if_the_training_data_has_errors(training: bytes) -> None:
    folder, writer = MemoryFolder(), Writer()
    assert step(folder, ask=writer, training=training) == Progress(True, 0)
    assert (writer.calls, Keys.GENERATED in folder.files) == ([], False)
    assert stored_json(folder, Keys.GENERATED_SUMMARY)["left_out"].startswith("The training data has errors")


def test_a_count_that_the_base_model_does_not_accept_is_refused_before_any_request() -> None:
    writer = Writer()
    run = manifest(CLAUDE, generate={"count": 31})
    with pytest.raises(
        DatasetError, match=r"generate\.count in run\.yaml: .* at least 32.*Nothing has been spent on generating\."
    ):
        step(MemoryFolder(), run=run, training=jsonl(pairs(40)), ask=writer)
    assert not writer.calls


def test_a_run_without_usable_documents_ends_with_the_reasons() -> None:
    with pytest.raises(DatasetError) as caught:
        step(MemoryFolder(), documents={"a.pdf": b"", "b.txt": b"\xff\xfe"})
    assert str(caught.value).splitlines() == [
        "None of the 2 documents can be used. Nothing has been spent on generating.",
        "a.pdf is empty. Remove it, or upload it again.",
        "b.txt is UTF-16. Save it as UTF-8.",
    ]


def test_too_few_pairs_end_the_run_and_the_usage_is_recorded() -> None:
    folder, writer = MemoryFolder(), Writer()
    documents = {"a.txt": "\n\n".join(sentences(3)).encode(), "b.txt": b""}
    for _ in range(2):  # an attempt after the first says the same, and asks nothing
        with pytest.raises(GenerationError) as caught:
            step(folder, ask=writer, documents=documents)
        assert "The documents gave 3 of 10 question-answer pairs" in str(caught.value)
        assert "b.txt is empty." in str(caught.value)
    summary = stored_json(folder, Keys.GENERATED_SUMMARY)
    assert (summary["complete"], summary["pairs"], summary["input_tokens"]) == (False, 3, 100 * len(writer.calls))
    assert Keys.GENERATED not in folder.files


def test_a_generation_that_was_not_approved_sends_no_request() -> None:
    folder, writer = MemoryFolder(), Writer()
    step(folder, ask=Writer())
    for name in (Keys.GENERATED_SUMMARY, *folder.list(Keys.GENERATED_REPLIES)):
        del folder.files[name]
    allowed = folder.load(Estimate)
    less = [item.model_copy(update={"at_most": (item.at_most or 0) - 1}) for item in allowed.items]
    folder.save(allowed.model_copy(update={"items": tuple(less)}))
    with pytest.raises(SpendingLimitError, match="'generation_input'"):
        step(folder, ask=writer)
    assert not writer.calls


def test_lost_replies_end_the_generation_before_it_passes_what_was_approved() -> None:
    folder, asked = MemoryFolder(), []

    def lose(*members: Any) -> ToolReply:
        asked.append(members)
        raise RetryableError("no reply")

    without_pauses = partial(GeneratorModel, sleep=lambda _: None)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SpendingLimitError, match="call was not made"):
        patch.setattr("tuner.generation.step.GeneratorModel", without_pauses)
        step(folder, ask=lose)
    plan, reserved = folder.load(GenerationPlan), stored_json(folder, Reservation.name("generation"))
    assert plan.bound.calls <= len(asked) <= 2 * plan.bound.calls
    assert reserved["input_tokens"] <= plan.bound.input_tokens
    assert reserved["output_tokens"] <= plan.bound.output_tokens


class GeneratorAtItsWorst(Writer):
    """A model that bills a token for every byte and the longest reply, and whose replies are lost or of no use."""

    def __init__(self, outcomes: list[str]) -> None:
        super().__init__()
        self.outcomes = itertools.cycle(outcomes)
        self.billed = [0, 0]
        self.killed = False

    def __call__(self, asked: str, system: str, text: str, tool: Tool, *more: Any) -> ToolReply:
        inference, (document,) = more
        outcome = next(self.outcomes)
        if outcome == "throttled":
            raise ThrottledError("too many requests")
        sent = len(f"{system}{text}{tool.description}{json.dumps(tool.schema)}{document.text}".encode())
        self.billed[0] += sent
        self.billed[1] += inference["maxTokens"]
        if outcome == "killed":
            raise KilledError
        if outcome == "lost":
            raise RetryableError("no reply")
        if outcome == "malformed":
            return ToolReply(None, "", "max_tokens", sent, inference["maxTokens"], problem="x" * 4000)
        return super().__call__(asked, system, text, tool, *more)


class KilledError(BaseException):
    """The function ended."""


@pytest.mark.slow
@settings(max_examples=examples(15))
@given(
    st.lists(st.sampled_from(["good", "malformed", "lost", "throttled", "killed"]), min_size=1, max_size=8).filter(
        lambda outcomes: set(outcomes) != {"throttled"}
    )
)
@example(["lost"])
@example(["malformed"])
@example(["lost", "killed"])
def test_no_generation_takes_more_than_its_plan(outcomes: list[str]) -> None:
    folder, writer = MemoryFolder(), GeneratorAtItsWorst(outcomes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuner.generation.step.GeneratorModel", partial(GeneratorModel, sleep=lambda _: None))
        for _ in range(17):  # as often as the state machine repeats a step
            try:
                step(folder, ask=writer)
            except (TunerError, KilledError):
                continue
            break
    found = folder.load(Estimate)
    for item, billed in zip((CostItemId.GENERATION_INPUT, CostItemId.GENERATION_OUTPUT), writer.billed, strict=True):
        entry = found.find(item)
        assert entry
        assert billed <= (entry.at_most or 0), item


def test_documents_are_used_only_without_validation_data() -> None:
    def inputs(*roles: str) -> Manifest:
        first = manifest().inputs[0]
        return manifest().model_copy(
            update={"inputs": tuple(first.model_copy(update={"role": role}) for role in roles)}
        )

    assert inputs("training", "documents").generates
    assert not inputs("training", "documents", "validation").generates
    assert not inputs("training").generates
    none = manifest(generate={"count": 0})
    assert not none.model_copy(update={"inputs": inputs("training", "documents").inputs}).generates
    assert manifest(generate={"model": NOVA_PRO}).generator_model == NOVA_PRO
    assert manifest(judge={"model": NOVA_PRO}).generator_model == NOVA_PRO


@pytest.mark.parametrize(("asked", "done"), [(3, False), (4, True)])
def test_more_evaluation_questions_than_a_run_takes_are_found_before_a_request_is_paid(
    monkeypatch: pytest.MonkeyPatch, asked: int, done: bool
) -> None:
    monkeypatch.setattr("tuner.datasets.records.file_rules.MAX_QUESTIONS", 3)
    monkeypatch.setattr("tuner.datasets.evaluation_questions.MAX_QUESTIONS", 3)
    folder, run = MemoryFolder(), with_documents(manifest(generate={"count": 3}))
    folder.save(run)
    data: dict[DataRole, Source] = {
        "training": source(jsonl(pairs(12)), "training.jsonl"),
        "evaluation": source(jsonl(pairs(12 + asked)[12:]), "evaluation.jsonl"),
    }
    planned = plan_generation(folder, run, data, {"a.txt": source("\n\n".join(sentences(40)).encode())})
    assert planned.done is done
    assert (Keys.GENERATION_PLAN in folder.files) is not done
