"""The place of a function that no state invokes."""

import pytest

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
