"""Documents that are the whole dataset: they are divided before the generation, and the run goes on with what came."""

from __future__ import annotations

import json
from collections.abc import Collection
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import MemoryFolder, approve, manifest, stored_json
from tests.unit.datasets.memory_files import CLAUDE, NOVA, MemorySink, jsonl
from tests.unit.generation.samples import Writer, pair, sentences, source
from tuner import catalog
from tuner.artifacts.costs.cost_items import CostItemId
from tuner.artifacts.costs.estimate import Estimate
from tuner.artifacts.costs.generation_plan import GenerationPlan
from tuner.artifacts.generated import GENERATED_KEYS, GeneratedSummary
from tuner.artifacts.manifest import Manifest
from tuner.core.artifact_keys import Keys
from tuner.core.errors import DatasetError, GenerationError
from tuner.core.run import DataRole
from tuner.costs.spending_decision import spending_decision
from tuner.datasets import prepare
from tuner.generation import generate_data, plan_generation
from tuner.generation.chunks import Chunk
from tuner.generation.document_split import divide
from tuner.generation.plan import Progress
from tuner.settings.run.generation import GenerateSettings

ROLES: tuple[DataRole, ...] = ("training", "validation", "evaluation")
MODEL = catalog.model(NOVA)


def part(document: str, section: int, number: int, length: int = 2000) -> Chunk:
    text = f"{document} {section} {number} ".ljust(length, "x")
    return Chunk(document, f"part {number}", "txt", text.encode(), text, section=section)


@st.composite
def parts(draw: st.DrawFn) -> list[Chunk]:
    sizes = draw(st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=8), min_size=1, max_size=6))
    return [
        part(f"{document}.md", section, number, draw(st.integers(50, 2000)))
        for document, sections in enumerate(sizes)
        for section, count in enumerate(sections)
        for number in range(count)
    ]


@pytest.mark.slow
@given(
    parts(),
    st.sampled_from([roles for size in (1, 2) for roles in combinations(ROLES, size)] + [ROLES]),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
)
def test_every_part_is_in_one_set_and_every_set_has_a_part(
    chunks: list[Chunk], roles: Collection[DataRole], validation: float, evaluation: float
) -> None:
    settings = GenerateSettings(
        questions_per_part=50, most=20_000, validation_share=validation, evaluation_share=evaluation
    )
    roles = {"training", *roles}
    if len(chunks) < len(roles):
        with pytest.raises(DatasetError, match="questions must be about different parts"):
            divide(chunks, roles, settings, MODEL)
        return
    sets = divide(chunks, roles, settings, MODEL)
    assert sorted(entry.role for entry in sets) == sorted(roles)
    assert sorted((chunk for entry in sets for chunk in entry.chunks), key=chunks.index) == chunks
    assert all(entry.chunks for entry in sets)
    assert divide(list(chunks), roles, settings, MODEL) == sets


def test_a_section_is_in_one_set_when_there_are_enough_of_them() -> None:
    chunks = [part("a.md", section, number) for section in range(9) for number in range(3)]
    sets = divide(chunks, ROLES, GenerateSettings(), MODEL)
    sections = [{chunk.section for chunk in entry.chunks} for entry in sets]
    assert all(not one & other for one, other in combinations(sections, 2))
    few = divide(chunks[:6], ROLES, GenerateSettings(), MODEL)
    assert len(few[-1].chunks) == 4, "two sections are too few to keep them whole"


def test_the_shares_of_the_text_are_those_of_the_settings_over_all_documents() -> None:
    chunks = [part(f"{document}.md", section, 1) for document in range(4) for section in range(25)]
    sets = {entry.role: entry for entry in divide(chunks, ROLES, GenerateSettings(evaluation_share=0.25), MODEL)}
    assert {role: len(entry.chunks) for role, entry in sets.items()} == {
        "training": 60,
        "validation": 15,
        "evaluation": 25,
    }
    for entry in sets.values():
        each = [sum(chunk.document == f"{document}.md" for chunk in entry.chunks) for document in range(4)]
        assert max(each) - min(each) <= 1


def test_the_pairs_to_ask_for_are_bounded_by_the_settings_and_the_model() -> None:
    chunks = [part("a.md", number, 1) for number in range(100)]
    counts = {entry.role: entry.count for entry in divide(chunks, ROLES, GenerateSettings(questions_per_part=4), MODEL)}
    assert counts == {"training": 280, "validation": 60, "evaluation": 60}
    less = divide(chunks, ROLES, GenerateSettings(questions_per_part=4, most=100), MODEL)
    assert sum(entry.count for entry in less) <= 100
    many = [part("a.md", number, 1) for number in range(1000)]
    settings = GenerateSettings(questions_per_part=50, most=20_000, validation_share=0.4)
    claude = {entry.role: entry.count for entry in divide(many, ROLES, settings, catalog.model(CLAUDE))}
    assert claude["validation"] == 1000, "the most that the model takes"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (NOVA, "The training data has 4 records; Nova Micro needs at least 8."),
        (CLAUDE, "needs at least 32. The validation data has 4 records; "),
    ],
)
def test_too_few_parts_for_the_model_are_refused_with_what_to_do(model: str, said: str) -> None:
    chunks = [part("a.md", 0, number) for number in range(3)]
    with pytest.raises(DatasetError, match=r"^The documents are too short for this model") as caught:
        divide(chunks, ROLES, GenerateSettings(), catalog.model(model))
    assert said in str(caught.value)
    assert "raise generate.questions_per_part in run.yaml" in str(caught.value)
    assert str(caught.value).endswith("Nothing has been spent on generating.")


def alone(*roles: str, model: str = NOVA, **settings: Any) -> Manifest:
    run = manifest(model, **settings)
    first = run.inputs[0]
    return run.model_copy(
        update={"inputs": tuple(first.model_copy(update={"role": role}) for role in ("documents", *roles))}
    )


def documents(count: int = 3, size: int = 60) -> dict[str, bytes]:
    return {f"{n}.txt": "\n\n".join(sentences(size, n * size)).encode() for n in range(count)}


def step(folder: MemoryFolder, run: Manifest | None = None, **more: Any) -> Progress:
    """Plans the generation, approves its cost and generates, as the state machine does."""
    run = run or alone(generate={"questions_per_part": 6})
    data = {role: source(text, f"{role}.jsonl") for role, text in more.pop("data", {}).items()}
    sources = {name: source(text) for name, text in more.pop("documents", documents()).items()}
    if Keys.GENERATION_PLAN not in folder.files:
        folder.save(run)
        assert not plan_generation(folder, run, data, sources).done
        approve(folder, planned=True)
    return generate_data(folder, run, data, sources, ask=more.pop("ask", None) or Writer(), **more)


def answers(folder: MemoryFolder) -> dict[DataRole, set[str]]:
    return {
        role: {json.loads(line)["answer"] for line in folder.files[key].splitlines()}
        for role, key in GENERATED_KEYS.items()
        if key in folder.files
    }


def test_all_three_files_are_generated_from_disjoint_parts() -> None:
    folder, writer = MemoryFolder(), Writer()
    made = step(folder, ask=writer)
    summary = folder.load(GeneratedSummary)
    found = answers(folder)
    assert made == Progress(True, sum(map(len, found.values())))
    assert {entry.role: (entry.asked, entry.pairs) for entry in summary.sets} == {
        role: (len(each), len(each)) for role, each in found.items()
    }
    assert summary.complete and summary.calls == len(writer.calls)
    assert summary.sentence.startswith(
        f"From the documents: {len(found['training'])} of {len(found['training'])} train"
    )
    texts: dict[DataRole, set[str]] = {role: set() for role in ROLES}
    for call in writer.calls:
        text = call["document"].data.decode()
        for role, each in found.items():
            if each & {pair(sentence)["answer"] for sentence in text.split("\n\n")}:
                texts[role].add(text)
    assert all(texts.values())
    assert all(not one & other for one, other in combinations(texts.values(), 2)), "a part is in one set only"


def test_preprocessing_reads_what_was_generated_and_says_where_it_is_from() -> None:
    folder, run = MemoryFolder(), alone(generate={"questions_per_part": 6}, fields={"prompt": "frage"})
    step(folder, run)
    sources = {role: source(folder.files[key], key) for role, key in GENERATED_KEYS.items()}
    prepared = prepare(sources, run.settings, MODEL, lambda _: MemorySink(), generated=run.generated_roles)
    assert not prepared.findings.errors, prepared.findings.kept
    summary = prepared.summary
    origins = {summary.training_from, summary.validation_from, summary.evaluation_from}
    assert origins == {"generated from documents"}
    assert (summary.training_records, summary.evaluation_records) == tuple(
        len(answers(folder)[role]) for role in ("training", "evaluation")
    )


@pytest.mark.slow
def test_an_interrupted_step_continues_and_makes_the_same_files() -> None:
    whole, parts_, writer = MemoryFolder(), MemoryFolder(), Writer()
    step(whole)
    calls = []
    for _ in range(40):
        ticks = iter([0.0] + [1000.0] * 10_000)
        done = step(parts_, ask=writer, clock=lambda ticks=ticks: next(ticks))
        calls.append(len(writer.calls))
        if done.done:
            break
    assert done.done and all(before < after <= before + 4 for before, after in pairwise([0, *calls[:-1]]))
    assert {key: whole.files[key] for key in GENERATED_KEYS.values()} == {
        key: parts_.files[key] for key in GENERATED_KEYS.values()
    }


@pytest.mark.slow
def test_a_run_goes_on_with_fewer_questions_and_says_so() -> None:
    folder = MemoryFolder()
    assert step(folder, alone(generate={"questions_per_part": 50})).done
    summary = folder.load(GeneratedSummary)
    assert not summary.complete
    assert summary.pairs < (summary.asked or 0)
    assert "The run goes on with fewer than it asked for." in summary.sentence


@pytest.mark.slow
def test_too_few_questions_for_the_model_end_the_run_with_one_error() -> None:
    folder, writer = MemoryFolder(), Writer(reply=lambda pairs, call: pairs[:1])
    run = alone(model=CLAUDE, generate={"questions_per_part": 40})
    small = {**documents(1), "empty.txt": b""}
    for _ in range(2):  # an attempt after the first says the same, and asks nothing
        with pytest.raises(GenerationError) as caught:
            step(folder, run, ask=writer, documents=small)
    message = str(caught.value)
    assert message.startswith("The documents gave too few questions: ")
    assert "Claude 3 Haiku needs at least 32." in message
    assert "Add documents, raise generate.questions_per_part in run.yaml, or upload a training file" in message
    assert message.endswith("\nempty.txt is empty. Remove it, or upload it again.")
    summary = folder.load(GeneratedSummary)
    assert (summary.complete, summary.calls) == (False, len(writer.calls))
    assert Keys.GENERATED_TRAINING not in folder.files


def test_training_questions_that_repeat_evaluation_questions_are_left_out_and_counted() -> None:
    same = "What is the weight of the apparatus?"

    def reply(pairs: list[dict[str, str]], call: int) -> Any:
        return [{**each, "question": same} if number == 0 else each for number, each in enumerate(pairs)]

    folder = MemoryFolder()
    step(folder, ask=Writer(reply=reply))
    summary = folder.load(GeneratedSummary)
    questions = {
        role: [json.loads(line)["question"] for line in folder.files[key].splitlines()]
        for role, key in GENERATED_KEYS.items()
    }
    assert questions["evaluation"].count(same) == 1
    assert same not in questions["training"] + questions["validation"]
    repeats = {entry.role: entry.repeats for entry in summary.sets}
    assert repeats["training"] > 0 and repeats["evaluation"] == 0
    assert "left out because of repeating a question of another set" in summary.sentence


@pytest.mark.slow
def test_no_evaluation_question_is_about_a_passage_that_other_parts_repeat() -> None:
    common = "Apparatus 9999 weighs 5 kilograms because colour 5 suits room 5."
    texts = {name: data.replace(b"\n\n", b"\n\n" + common.encode() + b"\n\n") for name, data in documents().items()}
    folder = MemoryFolder()
    step(folder, documents=texts)
    found = answers(folder)
    assert common in found["training"]
    assert common not in found["evaluation"] | found["validation"]
    assert (
        "its passage is also in a part of the documents that other data is made from."
        in stored_json(folder, Keys.GENERATED_SUMMARY)["dropped"]
    )


def test_files_of_the_dataset_are_not_generated_and_not_repeated() -> None:
    folder = MemoryFolder()
    held = jsonl([pair(sentence) for sentence in sentences(30)])
    run = alone("evaluation", "validation", generate={"questions_per_part": 6})
    step(folder, run, data={"validation": jsonl([pair("x" * 40)]), "evaluation": held})
    assert [entry.role for entry in folder.load(GeneratedSummary).sets] == ["training"]
    assert answers(folder)["training"].isdisjoint(sentences(30))


def test_errors_in_a_file_beside_documents_are_said_before_any_request() -> None:
    writer = Writer()
    with pytest.raises(DatasetError, match=r"evaluation\.jsonl, line 1"):
        step(MemoryFolder(), alone("evaluation"), data={"evaluation": b'{"question": "q"}\n'}, ask=writer)
    assert not writer.calls


def test_the_most_that_all_sets_can_cost_is_in_the_estimate_before_any_request() -> None:
    folder = MemoryFolder()
    step(folder, alone(generate={"questions_per_part": 6, "model": "amazon.nova-pro-v1:0"}))
    summary, plan, before = folder.load(GeneratedSummary), folder.load(GenerationPlan), folder.load(Estimate)
    assert summary.calls and summary.most == plan.bound
    assert plan.bound.calls >= summary.calls
    item = before.find(CostItemId.GENERATION_INPUT)
    assert item and item.at_most == plan.bound.input_tokens
    assert spending_decision(before.model_copy(update={"budget_usd": 0.01})) == "refuse"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({}, "There are no documents: add PDF, DOCX, HTML, Markdown or text files."),
        ({"a.txt": " ".join(sentences(6)).encode()}, "The documents have 1 part with text"),
        (
            {"a.png": b"\x89PNG\0", "b.txt": b" "},
            "None of the 2 documents can be used. Nothing has been spent on generating.",
        ),
    ],
)
def test_documents_that_are_not_enough_are_refused_before_any_request(texts: dict[str, bytes], said: str) -> None:
    writer = Writer()
    with pytest.raises(DatasetError, match=f"^{said}"):
        step(MemoryFolder(), documents=texts, ask=writer)
    assert not writer.calls


def test_what_is_generated_follows_from_the_files_and_the_settings() -> None:
    assert alone().generated_roles == ROLES
    assert alone("validation").generated_roles == ("training", "evaluation")
    assert alone(serving="none").generated_roles == ("training", "validation")
    assert alone("training").generated_roles == ("validation",)
    assert alone(generate={"count": 0}).generated_roles == ROLES
    assert alone("training", generate={"count": 0}).generated_roles == ()
