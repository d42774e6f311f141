"""docs/chaos.md tells of every state that takes time and of every function; `make chaos` writes it."""

from pathlib import Path

import pytest

from stacks.step_table import STEPS
from statemachine.definition import definition
from tests.chaos import page
from tests.chaos.cases import states_of

PAGE = Path(__file__).parents[3] / "docs" / "chaos.md"
pytestmark = pytest.mark.skipif(page.SAMPLE in PAGE.read_text("utf-8"), reason="docs/chaos.md tells of a sample only")


def told():
    """The first cells of the page's rows."""
    return {line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")}


def test_every_state_that_takes_time_is_on_the_page():
    states = states_of(definition())
    assert {name for name, state in states.items() if state["Type"] in {"Task", "Wait"}} <= told()


def test_every_function_that_an_event_calls_is_on_the_page():
    called = {place.split(" by ")[0] for place in told() if " by the " in place}
    assert {step.name for step in STEPS if step.asynchronous} <= called
