"""docs/chaos.md, which `make chaos` writes, covers every state that takes time and every function."""

from pathlib import Path

from stacks.function_table import STEPS
from statemachine.definition import definition
from tests.chaos import page
from tests.chaos.cases import states_of

# States and functions that are newer than the campaign on the page. They buy nothing, and a run that fails in one of
# these states ends like one that fails in the state after it. The next campaign (`make chaos`) has their cases, also as
# a sample: then remove them here.
NEWER_STATES = {
    "Start the batch jobs",
    "Wait for the batch jobs",
    "Check the batch jobs",
    "Start the judge's batch jobs",
    "Wait for the judge's batch jobs",
    "Check the judge's batch jobs",
    "Wait for a preparation place",
    "Plan the generation",
    "Estimate the cost with the generation",
    "Free the preparation place before the generation",
    "Ask for approval of the generation",
    "Wait for a preparation place after the approval",
    "Free the preparation place",
    "Wait for a training place",
    "Ask the chosen base model",
    "Ask a batch of the questions",
    "Look at the scores",
}
NEWER_FUNCTIONS = {"assign_places"}
PAGE = Path(__file__).parents[3] / "docs" / "chaos.md"


def first_cells():
    """The first cells of the page's tables."""
    return {line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")}


def test_the_page_shows_a_whole_campaign_or_says_how_its_sample_was_drawn() -> None:
    text = PAGE.read_text("utf-8")
    assert page.SAMPLE not in text or "drawn with the seed" in text


def test_every_state_that_takes_time_is_on_the_page():
    states = states_of(definition())
    missing = {name for name, state in states.items() if state["Type"] in {"Task", "Wait"}} - first_cells()
    assert missing <= NEWER_STATES


def test_every_function_that_an_event_calls_is_on_the_page():
    called = {place.split(" by ")[0] for place in first_cells() if " by the " in place}
    assert {step.name for step in STEPS if step.asynchronous} - called <= NEWER_FUNCTIONS
