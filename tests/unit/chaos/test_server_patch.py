"""The place of a function that no state invokes, and the results that are changed."""

import pytest

from tests.chaos.injection import server_patch
from tests.chaos.injection.plan import Plan
from tests.chaos.injection.server_patch import place_of


@pytest.mark.parametrize(
    ("event", "by"),
    [
        ({"Records": [{"body": "{}"}]}, "the arrival"),
        ({"source": "aws.states", "detail": {}}, "the rule"),
        ({"sweep": True}, "the sweep"),
        ({"run_id": "faq-1"}, "the switch"),
        ({"dataset": "faq", "repeat": 1}, "a person"),
    ],
)
def test_an_event_tells_who_invoked_the_function(event, by):
    assert place_of("function", event) == f"function by {by}"


@pytest.mark.parametrize("body", [{"done": True, "pairs": 3}, b'{"done": true, "pairs": 3}'])
def test_a_generation_takes_another_turn_although_it_is_done(body):
    plan = Plan(1, "Generate validation data", "another turn")
    found = server_patch._inject(plan, lambda: {"body": body, "log": ""})
    assert found == {"body": {"done": False, "pairs": 3}, "log": ""}
    failed = {"error": True, "body": {"errorType": "GenerationError"}}
    assert server_patch._inject(plan, lambda: failed) == failed
