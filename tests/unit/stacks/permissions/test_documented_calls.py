"""Each Lambda module lists the actions that it calls, and its role is granted exactly these."""

import ast
import re
from pathlib import Path

import pytest

from stacks.function_table import STEPS, Step
from stacks.permissions.permissions_page import example_arns

LAMBDAS = Path(__file__).parents[4] / "lambdas"
# Every function may write logs and traces, and Lambda sends its failed events to a queue.
_OF_EVERY_FUNCTION = re.compile(r"^(logs|xray|sqs):")
# Granted to all functions that read a run, so that S3 answers "not found" for an absent artifact, not "denied".
_OF_EVERY_READER = {"s3:ListBucket"}


def documented(step: Step) -> set[str]:
    docstring = ast.get_docstring(ast.parse((LAMBDAS / f"{step.name}.py").read_text("utf-8"))) or ""
    return set(re.findall(r"\b[a-z0-9]+:[A-Z]\w+", docstring.partition("Calls:")[2]))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_lambda_module_lists_the_actions_that_its_role_is_granted(step: Step) -> None:
    granted = {action for grant in step.all_grants(example_arns()) for action in grant.actions}
    needed = {action for action in granted if not _OF_EVERY_FUNCTION.match(action)}
    called = documented(step)
    assert called, "the module's docstring has no list after 'Calls:'"
    assert called - needed == set(), "called, and not granted"
    assert needed - called - _OF_EVERY_READER == set(), "granted, and not called"
