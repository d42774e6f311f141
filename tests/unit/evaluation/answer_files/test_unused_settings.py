"""What a comparison of files cannot give is said, and nothing else."""

from collections.abc import Mapping
from typing import Any

import pytest

from tuner.artifacts.evaluation.contestants import BASE, TUNED
from tuner.evaluation.answer_files import unused_in_files
from tuner.settings import RunSettings, load

WARM = {"inference": {"temperature": 0.7}}
OF_FEW_SHOT = "The settings compare with few_shot, and there are no answers of it: add --contestant few_shot=FILE."


def warnings(document: Mapping[str, Any], *contestants: str) -> list[str]:
    return list(unused_in_files(load(RunSettings, dict(document), "run.yaml"), [BASE, TUNED, *contestants]))


@pytest.mark.parametrize(
    ("document", "part"),
    [
        ({"evaluation": {"stop_early": True}}, "evaluation.stop_early has no effect"),
        (WARM | {"evaluation": {"samples": 3, "guard": 9}}, "evaluation.samples, evaluation.guard have no effect"),
        ({"compare_with": ["base", "few_shot"]}, OF_FEW_SHOT),
        ({"gate": {"rouge_l": {"better_than": "few_shot"}}}, OF_FEW_SHOT),
        ({"evaluation": {"group_by": "topic", "slices": ["topic"]}}, "no slice can be decided"),
    ],
)
def test_what_files_cannot_give_is_said(document: Mapping[str, Any], part: str) -> None:
    (said,) = warnings(document)
    assert part in said


def test_a_rule_about_guard_questions_cannot_be_decided() -> None:
    gate = {"guard": {"not_worse_by": {"than": "base", "margin": 0.1}}}
    asked, rule = warnings({"evaluation": {"guard": 20}, "gate": gate})
    assert asked.startswith("evaluation.guard has no effect")
    assert "rule about guard cannot be decided" in rule


def test_settings_that_files_can_give_have_no_warning() -> None:
    document = {
        "compare_with": ["base", "few_shot", "best"],
        "hyperparameters": {"epochCount": 3},
        "evaluation": {"group_by": "document", "slices": ["topic"], "seed": 7},
        "gate": {"rouge_l": {"not_worse_than": "best"}},
    }
    assert warnings(document, "few_shot") == []
