"""docs/chaos.md, which `make chaos` writes, covers every state that takes time and every function."""

from pathlib import Path

from stacks.function_table import STEPS
from statemachine.definition import definition
from tests.chaos import page
from tests.chaos.cases import states_of

# States that the sample on the page has no case of. They buy nothing, and a run that fails in one of these states ends
# like one that fails in the state after it. The whole campaign (`make chaos`) has their cases: then remove them here.
NOT_IN_THE_SAMPLE = {
    "Free the preparation place before the generation",
    "Ask for approval of the generation",
    "Wait for a preparation place after the approval",
    "Wait for a preparation place for the next turn",
    "Ask a batch of the questions",
    "Look at the scores",
}
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
    assert missing <= NOT_IN_THE_SAMPLE


def test_every_function_that_an_event_calls_is_on_the_page():
    called = {place.split(" by ")[0] for place in first_cells() if " by the " in place}
    assert {step.name for step in STEPS if step.asynchronous} <= called
