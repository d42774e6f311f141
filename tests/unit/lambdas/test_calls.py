"""What a step says it calls is what its role may do: a grant nobody uses and a call nobody granted both show."""

import ast
import re
from pathlib import Path

import pytest

from stacks.permissions.page import example_places
from stacks.step_table import STEPS, Step

LAMBDAS = Path(__file__).parents[3] / "lambdas"
# Every function writes logs and traces, and Lambda itself keeps its undelivered events.
_OF_EVERY_FUNCTION = re.compile(r"^(logs|xray|sqs):")
# Granted to all that read a run, so that an absent artifact is told from a forbidden one.
_OF_EVERY_READER = {"s3:ListBucket"}


def documented(step: Step) -> set[str] | None:
    docstring = ast.get_docstring(ast.parse((LAMBDAS / f"{step.name}.py").read_text("utf-8"))) or ""
    calls = docstring.partition("Calls:")[2]
    return set(re.findall(r"\b[a-z0-9]+:[A-Z]\w+", calls)) if calls else None


STATED = [step for step in STEPS if documented(step) is not None]


@pytest.mark.parametrize("step", STATED, ids=lambda step: step.name)
def test_a_role_may_do_what_its_step_says_it_calls(step: Step) -> None:
    granted = {action for grant in step.grants(example_places()) for action in grant.actions}
    needed = {action for action in granted if not _OF_EVERY_FUNCTION.match(action)}
    said = documented(step)
    assert said
    assert said - needed == set(), "called, and not granted"
    assert needed - said - _OF_EVERY_READER == set(), "granted, and not called"


def test_every_step_of_the_pipeline_up_to_the_release_says_what_it_calls() -> None:
    assert len(STATED) >= 12
