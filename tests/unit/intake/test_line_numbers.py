"""Errors of a settings document name the line of the key."""

import pytest

from tuner.core.errors import CommitmentNotAllowedError, SettingsError
from tuner.intake.line_numbers import with_lines

YAML = """# what we want
serving: none

hyperparameters:
  learningRate: 1e-5
  epochCount: 9
judge: {model: x}
"""


@pytest.mark.parametrize(
    ("finding", "located"),
    [
        ("run.yaml: serving: no.", "run.yaml, line 2: serving: no."),
        ("run.yaml: hyperparameters.epochCount: no.", "run.yaml, line 6: hyperparameters.epochCount: no."),
        ("run.yaml: judge.model: no: never.", "run.yaml, line 7: judge.model: no: never."),
        ("run.yaml: judge.modle: no.", "run.yaml, line 7: judge.modle: no."),
        ("run.yaml: base_model: no.", "run.yaml: base_model: no."),
        ("a: b: c", "a: b: c"),
    ],
)
def test_the_line_of_a_key_or_of_its_parent(finding: str, located: str) -> None:
    assert str(with_lines(SettingsError(finding), "run.yaml", YAML)) == located


def test_every_line_of_an_error_gets_a_line_number_and_the_class_stays() -> None:
    error = with_lines(CommitmentNotAllowedError("run.yaml: serving: a.\nrun.yaml: judge: b."), "run.yaml", YAML)
    assert type(error) is CommitmentNotAllowedError
    assert str(error).splitlines() == ["run.yaml, line 2: serving: a.", "run.yaml, line 7: judge: b."]


def test_json_documents_have_line_numbers() -> None:
    text = '{\n  "serving": "x",\n  "budget_usd": -1\n}'
    located = with_lines(SettingsError("run.json: budget_usd: no."), "run.json", text)
    assert str(located) == "run.json, line 3: budget_usd: no."


def test_json_may_be_indented_with_tabs() -> None:
    located = with_lines(
        SettingsError("run.json: judge.model: no."), "run.json", '{\n\t"judge": {\n\t\t"model":\t1}\n}'
    )
    assert str(located) == "run.json, line 3: judge.model: no."


def test_errors_of_json_that_is_not_valid_yaml_stay_unchanged() -> None:
    error = SettingsError("run.json: budget_usd: no.")
    assert with_lines(error, "run.json", '{\n"budget_usd" -1\n}') is error


def test_an_empty_document_has_no_lines() -> None:
    assert str(with_lines(SettingsError("run.yaml: serving: no."), "run.yaml", "")) == "run.yaml: serving: no."
