"""Settings that change nothing in a run are named once, with the reason; those that do something are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.datasets.memory_files import Outcome, jsonl, pairs
from tuner.artifacts.dataset import DatasetSummary
from tuner.catalog.tasks import TaskName
from tuner.core.run import Role
from tuner.datasets.findings import Findings
from tuner.datasets.prepare import Prepared
from tuner.datasets.unused_settings import unused_settings, with_unused_settings
from tuner.settings import RunSettings, load

FILES: tuple[Role, ...] = ("training", "validation", "evaluation")
ALONE: tuple[Role, ...] = ("documents",)
BESIDE: tuple[Role, ...] = ("training", "documents")


def said(settings: dict[str, Any], roles: tuple[Role, ...], task: TaskName | None, *endings: str) -> list[str]:
    found = unused_settings(load(RunSettings, settings, "run.yaml"), roles, task, endings)
    return [issue.message for issue in found]


# Settings, the roles of the files, the task, and what is said of the settings.
WITHOUT_EFFECT: list[tuple[dict[str, Any], tuple[Role, ...], TaskName | None, str]] = [
    ({"generate": {"count": 100}}, ALONE, None, "generate.count has no effect: it is for validation data beside"),
    ({"generate": {"count": 0}}, ALONE, None, "generate.count has no effect"),
    (
        {"generate": {"most": 9, "questions_per_part": 2}},
        BESIDE,
        "answer",
        "generate.questions_per_part, generate.most",
    ),
    ({"generate": {"validation_share": 0.3}}, (*ALONE, "validation"), None, "no validation questions are generated"),
    ({"generate": {"evaluation_share": 0.3}}, (*ALONE, "evaluation"), None, "no evaluation questions are generated"),
    ({"generate": {"evaluation_share": 0.3}, "serving": "none"}, ALONE, None, "no evaluation questions are generated"),
    ({"generate": {"count": 40}}, FILES, "answer", "the dataset has no documents"),
    ({"generate": {"model": "m"}}, (*FILES, "documents"), "answer", "a training and a validation file"),
    ({"generate": {"count": 0, "model": "m"}}, BESIDE, "answer", "generate.model has no effect: generate.count is 0"),
    ({"validation": {"fraction": 0.3}}, FILES, "answer", "has a validation file, so nothing is held out"),
    ({"validation": {"fraction": 0.3}}, BESIDE, "answer", "gets validation data from documents"),
    ({"fields": {"prompt": "q"}}, ALONE, None, "the dataset has no data file"),
    ({"serving": "none", "inference": {"max_tokens": 9}}, FILES, "answer", "no model is asked or scored"),
    ({"serving": "none", "evaluation": {"seed": 9}}, FILES, "answer", "evaluation.seed has no effect"),
    ({"serving": "none", "evaluation": {"stop_early": True}}, FILES, "answer", "evaluation.stop_early has no effect"),
    ({"serving": "none", "judge": {"model": "m"}}, FILES, "answer", "judge.model has no effect"),
    ({"serving": "none", "break_even": {"hours_per_month": 9}}, FILES, "answer", "no model is asked or scored"),
    (
        {"compare_with": ["retrieval"], "break_even": {"passages_tokens": 9}},
        FILES,
        "answer",
        "break_even.passages_tokens has no effect: the run measures the tokens",
    ),
    ({"compare_with": ["base"], "few_shot": {"examples": 2}}, FILES, "answer", "compare_with does not name few_shot"),
    ({"compare_with": ["few_shot"], "retrieval": {"passages": 2}}, FILES, "answer", "names neither retrieval nor"),
    ({"retrieval": {"passages": 2}}, FILES, "answer", "without documents, a run compares with retrieval only if"),
    ({"serving": "none", "few_shot": {"examples": 2}}, FILES, "answer", "no model is asked or scored"),
    ({"serving": "none", "compare_with": ["few_shot"]}, FILES, "answer", "no model is asked or scored"),
    ({"break_even": {"passages_tokens": 9}}, (*FILES, "documents"), "answer", "the run measures the tokens"),
    ({"keep_candidates": True}, FILES, "answer", "keep_candidates has no effect: the run has no candidates"),
    ({"serving": "on_demand", "model_units": 2}, FILES, "answer", "the model is served on demand"),
    ({"classification": {"labels": ["a", "b"]}}, FILES, "answer", "the task is 'answer'"),
    ({"extraction": {"fields": {"a": "text"}}}, FILES, "classification", "the task is 'classification'"),
    ({"judge": {"attempts": 9}}, FILES, "classification", "no metric of the run asks the judge"),
    ({"evaluation": {"metrics": ["rouge"]}, "judge": {"model": "m"}}, FILES, None, "judge.model has no effect"),
    ({"evaluation": {"metrics": ["rouge"]}, "bertscore": {"layer": 9}}, FILES, "answer", "bertscore is not one of"),
    ({"evaluation": {"language": "de"}}, FILES, "extraction", "no metric of the run depends on the language"),
    ({"scorer": {"batch": 5}}, FILES, "answer", "no scorer is named"),
    ({"judge": {"top_p": 0.5, "temperature": 0.5}}, FILES, "answer", "judge.top_p is sent instead of it"),
    ({"evaluation": {"leakage": "warn"}}, ("training", "validation"), "answer", "there is no evaluation file"),
]

WITH_EFFECT: list[tuple[dict[str, Any], tuple[Role, ...], TaskName | None]] = [
    ({}, FILES, "answer"),
    (
        {"keep_candidates": True, "candidates": [{"hyperparameters": {"epochCount": [1, 2]}}]},
        FILES,
        "answer",
    ),
    ({"few_shot": {"examples": 2}}, FILES, "answer"),
    ({"few_shot": {"examples": 2}, "retrieval": {"passages": 2}}, (*FILES, "documents"), "answer"),
    ({"compare_with": ["retrieval_tuned"], "retrieval": {"passages": 2}}, FILES, "answer"),
    ({"generate": {"count": 100, "model": "m"}}, BESIDE, "answer"),
    ({"generate": {"count": 0}}, BESIDE, "answer"),
    ({"generate": {"count": 0}}, FILES, "answer"),
    ({"generate": {"questions_per_part": 2, "most": 9, "validation_share": 0.2, "evaluation_share": 0.2}}, ALONE, None),
    ({"validation": {"fraction": 0.3}}, ("training", "evaluation"), "answer"),
    ({"fields": {"prompt": "q"}}, FILES, "answer"),
    ({"serving": "none", "system_prompt": "Be kind.", "hyperparameters": {"epochCount": 1}}, FILES, "answer"),
    ({"serving": "none", "judge": {"model": "m"}}, ALONE, None),  # it generates the questions
    ({"serving": "none", "evaluation": {"leakage": "warn"}}, FILES, "answer"),
    ({"serving": "provisioned", "model_units": 2}, FILES, "answer"),
    ({"classification": {"labels": ["a", "b"]}}, FILES, "classification"),
    ({"extraction": {"fields": {"a": "text"}}}, FILES, "extraction"),
    ({"judge": {"attempts": 9, "temperature": 0.5}, "evaluation": {"language": "de"}}, FILES, "answer"),
    ({"judge": {"attempts": 9}, "classification": {"labels": ["a", "b"]}}, ALONE, None),  # the task is not known yet
    ({"scorer": {"name": "mine", "batch": 5}}, FILES, "answer"),
]


@pytest.mark.parametrize(("settings", "roles", "task", "reason"), WITHOUT_EFFECT)
def test_a_setting_without_an_effect_is_named_once(
    settings: dict[str, Any], roles: tuple[Role, ...], task: TaskName | None, reason: str
) -> None:
    [message] = said(settings, roles, task)
    assert reason in message


@pytest.mark.parametrize(("settings", "roles", "task"), WITH_EFFECT)
def test_nothing_is_said_of_settings_that_have_an_effect(
    settings: dict[str, Any], roles: tuple[Role, ...], task: TaskName | None
) -> None:
    assert said(settings, roles, task) == []


def test_a_path_to_records_needs_a_json_file() -> None:
    settings = {"fields": {"records": "data.items"}}
    assert said(settings, FILES, "answer", "csv", "xlsx") == ["fields.records has no effect: no data file is JSON."]
    assert said(settings, FILES, "answer", "csv", "json") == []


@pytest.mark.parametrize(("own", "said_of"), [(("Be brief.",) * 3, 3), (("Be kind.", None, "Be brief."), 1), ((), 0)])
def test_records_with_a_system_prompt_of_their_own_are_counted(
    run: Callable[..., Outcome], own: tuple[str | None, ...], said_of: int
) -> None:
    records = [*pairs(40)]
    for record, system in zip(records, own, strict=False):
        record |= {"system": system} if system else {}
    outcome = run({"training.jsonl": jsonl(records), "validation.jsonl": jsonl(pairs(7, 50))}, system_prompt="Be kind.")
    found = [str(each) for each in outcome.prepared.findings.kept if each.rule == "own-system-prompt"]
    assert len(found) == (1 if said_of else 0)
    assert not said_of or f": {said_of} record" in found[0]


@pytest.mark.parametrize(("validation", "warned"), [(0, True), (1, False)])
def test_candidates_without_validation_data_are_no_choice(validation: int, warned: bool) -> None:
    settings = load(RunSettings, {"candidates": [{"hyperparameters": {"epochCount": [1, 2]}}]}, "run.yaml")
    summary = DatasetSummary(training_records=40, validation_records=validation)
    found = with_unused_settings(Prepared(summary, Findings("run.yaml")), settings, ["training"]).findings.kept
    assert [each.rule for each in found] == ["candidates-without-validation"] * warned


@pytest.mark.parametrize(("slices", "warned"), [(["topic"], True), (["language"], False), ([], False)])
def test_a_field_cannot_group_and_slice_the_questions(slices: list[str], warned: bool) -> None:
    settings = load(RunSettings, {"evaluation": {"group_by": "topic", "slices": slices}}, "run.yaml")
    prepared = Prepared(DatasetSummary(training_records=40, validation_records=9), Findings("run.yaml"))
    found = with_unused_settings(prepared, settings, ["training", "evaluation"]).findings.kept
    assert [each.rule for each in found] == ["slices-of-one-group"] * warned
