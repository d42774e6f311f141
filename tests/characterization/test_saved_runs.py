"""Steps that are repeated on saved runs give what they gave before. README.md says how a run was saved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.characterization.cloud import NAMES, SavedRun
from tests.characterization.steps import EXPECTED, GRADED_AGAIN, STEPS, Expected, grades, repeated
from tuner.artifacts.base import Artifact, Part, parse
from tuner.artifacts.dataset import EvaluationQuestion
from tuner.artifacts.evaluation.answers import Answer
from tuner.artifacts.generated import GeneratedPair

RUNS = [SavedRun.load(name) for name in NAMES]
CASES = [(run, step) for run in RUNS for step, (_, artifact) in STEPS.items() if run.has(artifact)]
# Models of the records in JSONL files, by the beginning of the file's name.
RECORDS: dict[str, type[Part]] = {
    "answers/": Answer,
    "dataset/evaluation": EvaluationQuestion,
    "generated/validation": GeneratedPair,
}
UPDATE = "If the difference is wanted, run: python -m tests.characterization.update"


def compare(run: SavedRun, found: Expected) -> None:
    """File by file. The order of members in JSON is of no importance."""
    for file, text in found.items():
        expected = (EXPECTED / run.name / file).read_text(encoding="utf-8")
        parsed = json.loads if file.endswith(".json") else str.splitlines
        assert parsed(text) == parsed(expected), f"{run.name}/{file} differs. {UPDATE}"


@pytest.mark.parametrize(("run", "step"), [pytest.param(run, step, id=f"{run.name}-{step}") for run, step in CASES])
def test_a_repeated_step_gives_what_it_gave(run: SavedRun, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(run, repeated(run, STEPS[step][0], monkeypatch))


def test_answers_that_are_graded_again_get_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    run = SavedRun.load(GRADED_AGAIN)
    compare(run, repeated(run, grades, monkeypatch))


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_artifacts_of_the_previous_release_are_read(run: SavedRun) -> None:
    models = {model.NAME: model for model in artifact_models()}
    read = 0
    for key, data in run.objects.items():
        name = key.removeprefix(f"{run.run_id}/")
        if name in models:
            artifact = parse(models[name], data, key)
            assert parse(models[name], artifact.to_json(), key) == artifact
            read += 1
        for record in (model for place, model in RECORDS.items() if name.startswith(place)):
            for line in data.splitlines():
                parsed = parse(record, line, key)
                assert parse(record, parsed.to_json_line(), key) == parsed
    assert read > 5


def artifact_models(base: type[Artifact] = Artifact) -> Iterator[type[Artifact]]:
    """Every model of an artifact that has a file."""
    for model in base.__subclasses__():
        if hasattr(model, "NAME"):
            yield model
        yield from artifact_models(model)


def test_the_saved_runs_reach_every_step() -> None:
    assert {step for _, step in CASES} == set(STEPS)
    assert {run.execution["status"] for run in RUNS} == {"SUCCEEDED", "FAILED", "ABORTED"}


@pytest.mark.parametrize("text", sorted(EXPECTED.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_text_has_brackets_inside_of_brackets(text: Path) -> None:
    """`(Nova Micro (local stand-in: ...))` has to be read twice."""
    assert re.findall(r"\([^()\n]*\([^()\n]*\)[^()\n]*\)", text.read_text("utf-8")) == []
